import type { Logger } from 'pino'
import type { ControlPlane } from './control-plane.ts'

/** How often a project that lives in the present is looked at. */
const everyMs = 5000

/** Turns the loop of a live project by itself; a replay is turned by whoever moves its clock. @returns a function that ends it. */
export function startLiveWork(plane: ControlPlane, log: Logger): () => void {
  let working = false
  const timer = setInterval(() => {
    if (working || plane.clock.mode === 'replay') return
    working = true
    plane.loop
      .turn()
      .catch((error) => log.error({ err: error }, 'a turn of the loop failed'))
      .finally(() => {
        working = false
      })
  }, everyMs)
  return () => clearInterval(timer)
}
