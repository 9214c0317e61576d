import { readFileSync } from 'node:fs'
import { startPredictor } from './predictor.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** Runs the prediction service in this process until it is told to stop. */
export async function runPredictor(options: {
  home: string
  host: string
  port: number
  server: string
  memoryMb?: number
}): Promise<void> {
  let last = ''
  const predictor = await startPredictor({
    ...options,
    version,
    ...(process.env.MILLWRIGHT_TOKEN ? { token: process.env.MILLWRIGHT_TOKEN } : {}),
    ...(process.env.MILLWRIGHT_PREDICTOR_TOKEN ? { askedToken: process.env.MILLWRIGHT_PREDICTOR_TOKEN } : {}),
    // The same fault again and again is one fault.
    onFault: (message) => {
      if (message !== last && process.env.MILLWRIGHT_LOG) console.error(`prediction service: ${message}`)
      last = message
    },
  })
  process.send?.({ ready: predictor.address })
  if (!process.send) console.log(`Prediction service on ${predictor.address}`)
  let stopping = false
  const stop = async (): Promise<void> => {
    if (stopping) return
    stopping = true
    await predictor.close()
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // Whoever started this process is gone.
  process.on('disconnect', stop)
}
