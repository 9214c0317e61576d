import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Figures for Prometheus: one prefix, base units, no label of many values. */
export class PredictorMetrics {
  readonly registry = new Registry()
  private readonly predictions = new Counter({
    name: 'millwright_predictions_total',
    help: 'Rows answered',
    labelNames: ['endpoint', 'version'],
    registers: [this.registry],
  })
  private readonly refusals = new Counter({
    name: 'millwright_refused_requests_total',
    help: 'Requests refused or failed',
    labelNames: ['endpoint', 'status'],
    registers: [this.registry],
  })
  private readonly lost = new Counter({
    name: 'millwright_dropped_predictions_total',
    help: 'Rows answered but not logged',
    labelNames: ['endpoint'],
    registers: [this.registry],
  })
  private readonly seconds = new Histogram({
    name: 'millwright_request_seconds',
    help: 'Wall time of a request',
    labelNames: ['endpoint'],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
    registers: [this.registry],
  })
  private readonly position = new Gauge({
    name: 'millwright_feature_log_position',
    help: 'Features taken in from the log',
    registers: [this.registry],
  })
  // Under the name that every Prometheus client has for it.
  readonly memory = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of this process',
    registers: [this.registry],
    collect(): void {
      this.set(process.memoryUsage.rss())
    },
  })
  /** Figures of an endpoint's version, which are looked up once. */
  private readonly answers = new Map<string, { rows: Counter.Internal; seconds: Histogram.Internal<'endpoint'> }>()
  /** Since the process started. */
  droppedTotal = 0
  /** Endpoint → requests, since the process started. */
  readonly refusedTotals: Record<string, number> = {}

  answered(endpoint: string, version: string, rows: number, seconds: number): void {
    const name = `${endpoint} ${version}`
    let known = this.answers.get(name)
    if (!known) {
      known = { rows: this.predictions.labels({ endpoint, version }), seconds: this.seconds.labels({ endpoint }) }
      this.answers.set(name, known)
    }
    known.rows.inc(rows)
    known.seconds.observe(seconds)
  }
  refused(endpoint: string, status: number): void {
    this.refusals.inc({ endpoint, status: String(status) })
    this.refusedTotals[endpoint] = (this.refusedTotals[endpoint] ?? 0) + 1
  }
  dropped(endpoint: string, rows: number): void {
    this.droppedTotal += rows
    this.lost.inc({ endpoint }, rows)
  }
  tookFeatures(seq: number): void {
    this.position.set(seq)
  }
}
