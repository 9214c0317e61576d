/** What one chooses on the screen of a dataset. */
export interface DatasetSearch {
  tab?: DatasetTab | undefined
  /** Which batches: those that were let in, those kept out, or all. */
  state?: 'accepted' | 'out' | undefined
  batch?: string | undefined
  column?: string | undefined
  /** Numbers of the versions that are compared. */
  from?: number | undefined
  to?: number | undefined
}

const datasetTabs = ['batches', 'columns', 'expectations', 'versions'] as const
export type DatasetTab = (typeof datasetTabs)[number]

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const number = (value: unknown): number | undefined =>
  Number.isInteger(Number(value)) && Number(value) > 0 ? Number(value) : undefined

export const datasetSearch = (given: Record<string, unknown>): DatasetSearch => ({
  tab: datasetTabs.find((tab) => tab === given.tab),
  state: given.state === 'accepted' || given.state === 'out' ? given.state : undefined,
  batch: text(given.batch),
  column: text(given.column),
  from: number(given.from),
  to: number(given.to),
})
