/** A length of time in milliseconds. */
export interface Duration {
  readonly ms: number
}

export const seconds = (count: number): Duration => ({ ms: count * 1000 })
export const minutes = (count: number): Duration => ({ ms: count * 60_000 })
export const hours = (count: number): Duration => ({ ms: count * 3_600_000 })
export const days = (count: number): Duration => ({ ms: count * 86_400_000 })
