const whole = new Intl.NumberFormat('en')

/** `12,345`. */
export const count = (value: number): string => whole.format(value)

/** `3 runs`, `1 run`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/** A figure with so many significant digits as tell something: `0.7421`, `12.3`, `1,204`, `3.1e-7`. */
export function figure(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2)
  if (size >= 1000) return whole.format(Math.round(value))
  return String(Number(value.toPrecision(digits)))
}

/** `84.2 %`. */
export const percent = (share: number | null | undefined, digits = 1): string =>
  share === null || share === undefined || Number.isNaN(share) ? '–' : `${Number((share * 100).toFixed(digits))} %`

/** `850 µs`, `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`, of milliseconds. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '–'
  if (ms < 1) return `${Math.round(ms * 1000)} µs`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ''}`
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`
  return `${Math.round(minutes / 1440)} d`
}

/** `512 B`, `1.2 kB`, `3.4 MB`: powers of 1000, as disks are sold. */
export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return '–'
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = size
  let unit = 0
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : Number(value.toFixed(1))} ${units[unit]}`
}
