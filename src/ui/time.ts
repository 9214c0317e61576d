const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** `2001-02-03 04:05:06`, UTC: one form everywhere, which sorts and copies well. */
export const absoluteTime = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ')

/** `2001-02-03`, UTC. */
export const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** How long before `now`: `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `12 d ago`, then the date. */
export function relativeTime(time: number, now: number): string {
  const age = now - time
  if (age < -minute) return dateOf(time)
  if (age < 2 * second) return 'just now'
  if (age < minute) return `${Math.floor(age / second)} s ago`
  if (age < hour) return `${Math.floor(age / minute)} min ago`
  if (age < day) return `${Math.floor(age / hour)} h ago`
  if (age < 60 * day) return `${Math.floor(age / day)} d ago`
  return dateOf(time)
}
