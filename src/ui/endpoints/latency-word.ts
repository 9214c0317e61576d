import { duration, figure } from '../format.ts'

/** A latency with as many digits as tell two apart: `283 µs`, `2.34 ms`, `1.2 s`. */
export const latencyWord = (ms: number | null | undefined): string =>
  ms === null || ms === undefined
    ? '–'
    : ms < 1
      ? `${figure(ms * 1000, 3)} µs`
      : ms < 1000
        ? `${figure(ms, 3)} ms`
        : duration(ms)
