import type { SearchRow } from '../../contract/search/match-filter.ts'
import type { OrderItem } from '../../contract/search/parse-order.ts'
import type { OrderPlace } from '../../ports/tracking.ts'

/** What the store keeps infinity as. */
const largest = Number.MAX_VALUE

const isByTime = (order: readonly OrderItem[]): boolean =>
  order.some(({ entity, key }) => entity === 'attribute' && key === 'start_time')

/** Where a run stands in an order, as the store says it of its own (see `RunPage`). */
export function placeOfRun(row: SearchRow, order: readonly OrderItem[]): OrderPlace {
  const place: (string | number | null)[] = []
  for (const { entity, key } of order) {
    if (entity === 'metric') {
      const value = row.metrics && Object.hasOwn(row.metrics, key) ? (row.metrics[key] as number) : undefined
      place.push(value === undefined ? 2 : Number.isNaN(value) ? 1 : 0)
      place.push(value === undefined ? null : Number.isNaN(value) ? 0 : Math.max(-largest, Math.min(largest, value)))
    } else {
      const of = entity === 'attribute' ? row.attributes : entity === 'param' ? row.params : row.tags
      const value = of && Object.hasOwn(of, key) ? (of[key] ?? null) : null
      place.push(value === null ? 1 : 0, value)
    }
  }
  if (!isByTime(order)) place.push(row.attributes.start_time as number)
  place.push(row.attributes.run_id as string)
  return place
}

type Part = OrderPlace[number]

function compareParts(a: Part | undefined, b: Part | undefined): number {
  if (a === b) return 0
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  // Only what is absent has none, and whatever says that it is absent was compared before.
  return 0
}

/** Compares places of one order; negative where the first comes first. */
export function placeOrder(order: readonly OrderItem[]): (a: OrderPlace, b: OrderPlace) => number {
  const descending = [...order.flatMap((item) => [false, item.descending]), ...(isByTime(order) ? [] : [true]), false]
  return (a, b) => {
    for (const [at, isDescending] of descending.entries()) {
      const found = compareParts(a[at], b[at])
      if (found !== 0) return isDescending ? -found : found
    }
    return 0
  }
}

/** Whether a place can be one of the order: of another it is the place of nothing. */
export const isPlaceOf = (place: OrderPlace, order: readonly OrderItem[]): boolean =>
  place.length === 2 * order.length + (isByTime(order) ? 0 : 1) + 1
