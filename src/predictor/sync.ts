import { messageOf } from '../base/errors.ts'
import type { Client } from '../sdk/client.ts'
import type { OwnCapabilities } from './capabilities.ts'
import type { PredictorClock } from './clock.ts'
import type { Endpoints } from './endpoints.ts'
import type { PredictorMetrics } from './metrics.ts'
import type { OnlineState } from './online-state.ts'
import type { LogShipper } from './ship-log.ts'
import { type PredictorState, writeState } from './state-file.ts'

export interface SyncParts {
  client: Client
  address: () => string
  folder: string
  state: PredictorState
  endpoints: Endpoints
  features: OnlineState
  clock: PredictorClock
  shipper: LogShipper
  metrics: PredictorMetrics
  capabilities: OwnCapabilities
  onFault(message: string): void
}

const retryMs = 500
const mostRetryMs = 5000
const shipEveryMs = 1000
/** The head of the event log is worth a write to the disk when it is that much further. */
const eventsBetweenWrites = 20
/** So long, at most, nothing is answered after a start while the control plane says what is new. */
const firstWordMs = 3000

/**
 * Keeps a prediction service in step with the control plane: says where it stands, takes what is new, brings what was logged. While there is no control
 * plane it tries again and goes on answering from what it has.
 */
export class Sync {
  private stopped = false
  private abort = new AbortController()
  private caughtUp = false
  private markKnown: () => void = () => {}
  /** Resolves when what was new at the start is here, or the control plane does not say. */
  readonly known = new Promise<void>((resolve) => {
    this.markKnown = resolve
    setTimeout(resolve, firstWordMs).unref()
  })
  private loop: Promise<void> = Promise.resolve()
  private isHurried = false
  private writtenWitness = 0
  private shipping: NodeJS.Timeout | undefined

  constructor(private readonly parts: SyncParts) {}

  start(): void {
    this.loop = this.run()
    // Between turns of the sync, which may hold for seconds while nothing is new.
    this.shipping = setInterval(() => void this.ship().catch(() => {}), shipEveryMs)
  }

  /** Ends the loop and brings what is left of the log, if somebody takes it. */
  async stop(): Promise<void> {
    this.stopped = true
    clearInterval(this.shipping)
    this.abort.abort()
    await this.loop
    await this.ship().catch(() => {})
    await writeState(this.parts.folder, this.parts.state)
  }

  /** Says at once where it stands: an answer that is held is given up. */
  hurry(): void {
    this.isHurried = true
    this.abort.abort()
  }

  private shipNow: Promise<void> = Promise.resolve()
  private ship(): Promise<void> {
    this.shipNow = this.shipNow.catch(() => {}).then(() => this.parts.shipper.ship())
    return this.shipNow
  }

  private async run(): Promise<void> {
    let wait = retryMs
    while (!this.stopped) {
      try {
        // What was answered before is there before it says that it stands at a later time: a barrier relies on it.
        await this.ship()
        await this.once()
        wait = retryMs
      } catch (error) {
        this.markKnown()
        if (this.stopped) return
        if (this.isHurried) {
          this.isHurried = false
          continue
        }
        this.parts.onFault(messageOf(error))
        await new Promise((resolve) => setTimeout(resolve, wait))
        wait = Math.min(mostRetryMs, wait * 2)
      }
    }
  }

  private async once(): Promise<void> {
    const { client, state, endpoints, features, clock, metrics, capabilities, folder } = this.parts
    // One for each call: listeners on a signal that lives for ever would pile up.
    this.abort = new AbortController()
    const call = {
      params: { predictor: state.predictor },
      body: {
        address: this.parts.address(),
        revision: endpoints.revision,
        faults: endpoints.faults,
        preparing: endpoints.preparing,
        featureSeq: features.position,
        clock: clock.position,
        witness: state.witness,
        dropped: metrics.droppedTotal,
        refused: { ...metrics.refusedTotals },
        capabilities: capabilities.now(endpoints.packagesAskedFor),
        // Until all is here that was new at the start, an answer is not held for more.
        ...(this.caughtUp ? {} : { waitMs: 0 }),
      },
      signal: this.abort.signal,
    }
    const news = await client.synchronise(call)
    if (news.features.length > 0) {
      await features.take(news.features)
      metrics.tookFeatures(features.position)
    }
    let changed = false
    if (news.plan) {
      await features.followViews(news.plan)
      await endpoints.take(news.plan)
      state.plan = news.plan
      changed = true
    }
    // Every hour of a replay is not worth a write to the disk; a change of mode is.
    if (clock.set(news.clock)) changed = true
    state.clock = news.clock
    // What it saw once it holds against a log that says otherwise, for as long as that does.
    if (news.agrees) {
      changed ||= news.head.seq - this.writtenWitness >= eventsBetweenWrites
      state.witness = news.head
    } else this.parts.onFault(`event ${state.witness.seq} of the event log is another one than it was`)
    if (changed) this.writtenWitness = state.witness.seq
    if (changed) await writeState(folder, state)
    if (news.features.length === 0 && !news.plan) {
      this.caughtUp = true
      this.markKnown()
    }
    await features.trim(clock.now())
  }
}
