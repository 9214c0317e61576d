#!/usr/bin/env node
// From a clone the sources run through tsx; in a packed release the built files run as they are.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = new URL('../src/cli/main.ts', import.meta.url)
const built = new URL('../dist/cli/main.js', import.meta.url)

if (existsSync(source)) {
  const child = spawn(
    process.execPath,
    [
      '--conditions=millwright-source',
      '--import',
      import.meta.resolve('tsx'),
      fileURLToPath(source),
      ...process.argv.slice(2),
    ],
    // A wrapper that is killed outright can pass nothing on: what it started watches for that.
    { stdio: 'inherit', env: { ...process.env, MILLWRIGHT_WRAPPER: String(process.pid) } },
  )
  // Ctrl-C reaches the whole foreground group by itself; a signal sent to this process alone must be passed on.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1)
    // It ends as its child did; as long as somebody listens, the signal would only be passed on to nobody.
    for (const each of signals) process.removeAllListeners(each)
    process.kill(process.pid, signal)
  })
} else {
  await import(built.href)
}
