import fc from 'fast-check'

/**
 * Chance of every property test: the same at each run, so that a change is judged by itself. `MILLWRIGHT_SEED=7 npm test` looks elsewhere; what that
 * finds becomes a test of its own.
 */
export const seed = Number(process.env.MILLWRIGHT_SEED ?? 1)

fc.configureGlobal({ seed })
