/** What one chooses on the screen of the project. */
export interface ProjectSearch {
  /** Hash of the definition that is shown; the one in force where nothing is said. */
  definition?: string | undefined
  /** The part of it that is open: `datasets.flights`. */
  part?: string | undefined
  /** Hashes of the two that are compared. */
  from?: string | undefined
  to?: string | undefined
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined

export const projectSearch = (given: Record<string, unknown>): ProjectSearch => ({
  definition: text(given.definition),
  part: text(given.part),
  from: text(given.from),
  to: text(given.to),
})
