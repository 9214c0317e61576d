import { Worker } from 'node:worker_threads'

/**
 * Starts a module as a thread.
 *
 * @param from the address of the module that asks, beside which it lies. @param name of its file, without the ending.
 */
export function startThread(from: string, name: string): Worker {
  if (!from.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, from))
  // From source: a worker does not load TypeScript just because its parent does (under vitest and under older Nodes the
  // parent's loader does not reach it), so it registers tsx itself.
  const entry = new URL(`./${name}.ts`, from).href
  const start = `import { register } from ${JSON.stringify(import.meta.resolve('tsx/esm/api'))}
register()
await import(${JSON.stringify(entry)})`
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`), {
    execArgv: ['--conditions=millwright-source'],
  })
}
