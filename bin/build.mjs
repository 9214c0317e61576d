#!/usr/bin/env node
// Builds `dist/`, which a packed release runs from: the modules as JavaScript with their types, and the screens.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)

/** The program of an installed package; `exports` may hide its file, so it is found beside `package.json`. */
function programOf(name) {
  const manifest = require.resolve(`${name}/package.json`)
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'))
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[name === 'typescript' ? 'tsc' : name])
}

/** Runs one part of the build, says how long it took, and ends the build when it fails. */
function part(what, name, args) {
  const start = performance.now()
  const { status, error } = spawnSync(process.execPath, [programOf(name), ...args], { cwd: root, stdio: 'inherit' })
  if (error) console.error(error.message)
  if (status !== 0) {
    console.error(`build: ${what} failed`)
    process.exit(1)
  }
  console.error(`build: ${what} in ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

if (!existsSync(join(root, 'src'))) {
  console.error('build: there is no src folder; a packed release is built already')
  process.exit(1)
}
rmSync(join(root, 'dist'), { recursive: true, force: true })
part('modules and their types', 'typescript', ['-p', 'tsconfig.build.json'])
if (existsSync(join(root, 'src/ui/index.html'))) part('screens', 'vite', ['build', '--logLevel', 'warn'])
else console.error('build: no screens, because src/ui/index.html is not there')
