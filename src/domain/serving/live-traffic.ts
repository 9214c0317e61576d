import type { EndpointTraffic, PredictionRecord } from '../../contract/serving.ts'

/** What is counted together, and for how long it is kept. */
const bucketMs = 10_000
const buckets = 90
/** Bins of latency: from 50 µs, each √2 times as wide as the one before, the last without an end. */
const leastUs = 50
const bins = 36
/** So many of the newest answers of an endpoint are at hand in full. */
const mostAtHand = 200

/** The bin that a latency falls into. */
const binOf = (latencyUs: number): number =>
  latencyUs < leastUs ? 0 : Math.min(bins - 1, 1 + Math.floor(2 * Math.log2(latencyUs / leastUs)))
/** Upper end of a bin, microseconds. */
const endOf = (bin: number): number => leastUs * 2 ** (bin / 2)

/** The value below which that share lies, from counts in bins: within a bin evenly on a logarithmic scale. Null of no counts. */
export function binnedQuantile(counts: ArrayLike<number>, share: number): number | null {
  let total = 0
  for (let bin = 0; bin < counts.length; bin += 1) total += counts[bin]!
  if (total === 0) return null
  const wanted = share * total
  let before = 0
  for (let bin = 0; bin < counts.length; bin += 1) {
    const count = counts[bin]!
    if (count > 0 && before + count >= wanted) return endOf(bin) / 2 ** ((1 - Math.max(0, wanted - before) / count) / 2)
    before += count
  }
  return endOf(counts.length - 1)
}

interface Bucket {
  answers: number
  errors: number
  latency: Uint32Array
}
interface Seen {
  version: string
  role: PredictionRecord['role']
  /** Number of the bucket since 1970 → what was counted in it. */
  buckets: Map<number, Bucket>
}

/**
 * What endpoints answered in the last quarter of an hour, counted from the prediction logs as they arrive: by version and role, so that a
 * canary stands beside what it is compared with. Kept in memory; after a restart it begins anew and says since when it knows.
 */
export class LiveTraffic {
  private readonly seen = new Map<string, Map<string, Seen>>()
  private readonly atHand = new Map<string, PredictionRecord[]>()
  private readonly waiting = new Set<(record: PredictionRecord) => void>()
  private readonly since: number

  constructor(private readonly now: () => number = Date.now) {
    this.since = now()
  }

  /** @param at wall-clock time of the answer. */
  saw(record: PredictionRecord, at: number): void {
    const newest = this.atHand.get(record.endpoint) ?? []
    this.atHand.set(record.endpoint, newest)
    newest.push(record)
    if (newest.length > mostAtHand) newest.splice(0, newest.length - mostAtHand)
    for (const tell of [...this.waiting]) tell(record)
    const place = Math.floor(at / bucketMs)
    const oldest = Math.floor(this.now() / bucketMs) - buckets
    if (place <= oldest) return
    const versions = this.seen.get(record.endpoint) ?? new Map<string, Seen>()
    this.seen.set(record.endpoint, versions)
    const name = `${record.version} ${record.role}`
    const known = versions.get(name) ?? {
      version: record.version,
      role: record.role,
      buckets: new Map<number, Bucket>(),
    }
    versions.set(name, known)
    let bucket = known.buckets.get(place)
    if (!bucket) {
      bucket = { answers: 0, errors: 0, latency: new Uint32Array(bins) }
      known.buckets.set(place, bucket)
      for (const each of known.buckets.keys()) if (each <= oldest) known.buckets.delete(each)
    }
    bucket.answers += 1
    if (record.error !== null) bucket.errors += 1
    bucket.latency[binOf(record.latencyUs)]! += 1
  }

  /** The newest answers that were seen, newest first. */
  newest(endpoint: string): PredictionRecord[] {
    return [...(this.atHand.get(endpoint) ?? [])].reverse()
  }

  /** The record with that id, as soon as it arrives; null after that long. */
  arrived(endpoint: string, id: string, waitMs: number): Promise<PredictionRecord | null> {
    const here = this.atHand.get(endpoint)?.find((record) => record.id === id)
    if (here) return Promise.resolve(here)
    return new Promise((resolve) => {
      const done = (record: PredictionRecord | null): void => {
        clearTimeout(timer)
        this.waiting.delete(tell)
        resolve(record)
      }
      const tell = (record: PredictionRecord): void => {
        if (record.id === id) done(record)
      }
      const timer = setTimeout(() => done(null), waitMs)
      this.waiting.add(tell)
    })
  }

  /** The last quarter of an hour of an endpoint; buckets before it began to count are left out. */
  of(endpoint: string): EndpointTraffic {
    const now = this.now()
    // The bucket of now is not over: its rate would always look too low.
    const last = Math.floor(now / bucketMs) - 1
    const first = Math.max(last - buckets + 2, Math.ceil(this.since / bucketMs))
    const places = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
    const versions = [...(this.seen.get(endpoint)?.values() ?? [])].map(({ version, role, buckets: kept }) => {
      const latency = new Uint32Array(bins)
      let [answers, errors] = [0, 0]
      for (const [place, bucket] of kept) {
        if (place <= last - buckets + 1) continue
        answers += bucket.answers
        errors += bucket.errors
        bucket.latency.forEach((count, bin) => {
          latency[bin]! += count
        })
      }
      const at = (share: number): number | null => {
        const us = binnedQuantile(latency, share)
        return us === null ? null : us / 1000
      }
      return {
        version,
        role,
        answers,
        errors,
        perSecond: places.map((place) => (kept.get(place)?.answers ?? 0) / (bucketMs / 1000)),
        errorsPerSecond: places.map((place) => (kept.get(place)?.errors ?? 0) / (bucketMs / 1000)),
        p95Ms: places.map((place) => {
          const bucket = kept.get(place)
          const us = bucket ? binnedQuantile(bucket.latency, 0.95) : null
          return us === null ? null : us / 1000
        }),
        latency: [...latency].map((count, bin) => ({ toMs: endOf(bin) / 1000, count })),
        quantilesMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
      }
    })
    return {
      since: Math.max(this.since, now - bucketMs * buckets),
      times: places.map((place) => (place + 0.5) * bucketMs),
      versions: versions.filter(({ answers }) => answers > 0),
      featureAgeMs: this.atHand.get(endpoint)?.at(-1)?.featureAgeMs ?? null,
    }
  }
}
