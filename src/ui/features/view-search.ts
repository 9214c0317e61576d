/** What one asks a feature view on its screen. */
export interface ViewSearch {
  entity?: string | undefined
  /** UTC milliseconds; now where nothing is said. */
  at?: number | undefined
  /** How far back the values are drawn, in days. */
  days?: number | undefined
  /** The input whose spread is open. */
  input?: string | undefined
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined

export const viewSearch = (given: Record<string, unknown>): ViewSearch => ({
  entity: text(given.entity),
  at: number(given.at),
  days: number(given.days),
  input: text(given.input),
})
