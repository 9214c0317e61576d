import { builtScreens } from './built-screens.ts'
import type { WatchOptions } from './repository-watch.ts'
import { startServer } from './start.ts'

/** Runs the control plane in this process until it is told to stop. */
export async function runServer(options: {
  home: string
  host: string
  port: number
  environment?: string
  watch?: WatchOptions
  artifactRoot?: string
  testReset?: boolean
}): Promise<void> {
  const server = await startServer({ ...options, logLevel: process.env.MILLWRIGHT_LOG ?? 'warn' })
  process.send?.({ ready: server.address })
  if (!process.send) console.log(`Control plane on ${server.address}`)
  // Ready when somebody opens the first page; what goes wrong is said there.
  builtScreens().catch(() => undefined)
  let stopping = false
  const stop = async (): Promise<void> => {
    if (stopping) return
    stopping = true
    await server.close()
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // Whoever started this process is gone.
  process.on('disconnect', stop)
}
