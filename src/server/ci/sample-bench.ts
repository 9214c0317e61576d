import { MillwrightError } from '../../base/errors.ts'
import type { ColumnSummary } from '../../contract/data.ts'
import type { Definition } from '../../contract/definition.ts'
import type { IngestedSample } from '../../domain/delivery/checks/data.ts'
import type { SampleRun } from '../../domain/delivery/checks/pipeline.ts'
import type { Sample } from '../../domain/delivery/ci-sample.ts'
import type { StageServices } from '../../domain/lifecycle/stage-services.ts'
import { wireAt } from '../stage-wiring.ts'
import type { openWorkbench, Workbench } from '../workbench.ts'
import { clockStops } from './clock-stops.ts'

/** A workbench with the sample of a project, and what was done there so far. Each piece of work is done once. */
export class SampleBench {
  private readonly started = new Map<string, Promise<unknown>>()

  private constructor(
    readonly bench: Workbench,
    /** As it runs there. */
    readonly sample: Sample,
    /** The stores of its home. */
    readonly services: StageServices,
  ) {}

  /** @throws what opening a workbench throws. */
  static async open(projectDir: string, sample: Sample, openBench: typeof openWorkbench): Promise<SampleBench> {
    const bench = await openBench({ projectDir, definition: sample.definition, actor: 'ci' })
    try {
      return new SampleBench(bench, sample, await wireAt(bench.home))
    } catch (error) {
      await bench.close()
      throw error
    }
  }

  get definition(): Definition {
    return this.sample.definition
  }

  private once<T>(name: string, work: () => Promise<T>): Promise<T> {
    const known = this.started.get(name) as Promise<T> | undefined
    if (known) return known
    const begun = work()
    this.started.set(name, begun)
    return begun
  }

  /** Takes in the sample of every source, those that list entities first. */
  ingested(): Promise<IngestedSample[]> {
    return this.once('ingested', async () => {
      const { datasets, entities } = this.definition
      const listing = new Set(entities.map((entity) => entity.dataset))
      const inOrder = [...datasets].sort((a, b) => Number(listing.has(b.name)) - Number(listing.has(a.name)))
      const samples: IngestedSample[] = []
      for (const { name, source } of inOrder) {
        if (!source) continue
        const range = this.sample.ranges.get(name)
        try {
          const { batches } = await this.bench.client.ingest({
            params: { dataset: name },
            body: range ? { from: range.from, to: range.to } : {},
          })
          samples.push({ dataset: name, batches, fault: null })
        } catch (error) {
          if (!(error instanceof MillwrightError)) throw error
          samples.push({ dataset: name, batches: [], fault: { message: error.message, hint: error.hint ?? null } })
        }
      }
      return samples
    })
  }

  /** Dataset → what its sample looks like. */
  seen(): Promise<Map<string, readonly ColumnSummary[]>> {
    return this.once('seen', async () => {
      await this.ingested()
      const seen = new Map<string, readonly ColumnSummary[]>()
      for (const { name } of this.definition.datasets)
        seen.set(name, (await this.bench.client.dataset({ params: { dataset: name } })).inferred)
      return seen
    })
  }

  /** Moments, ascending, at which the clock may stand while the newest rows are asked for; the last is that of the newest row. */
  stops(): Promise<number[]> {
    return this.once('stops', async () => {
      await this.ingested()
      return clockStops(this.definition, this.services.data)
    })
  }

  async moveClock(to: number): Promise<void> {
    const { mode, now } = await this.bench.client.clock()
    if (mode === 'replay' && to > now) await this.bench.client.advanceClock({ body: { to } })
  }

  /** Runs every pipeline of the project, one after the other. */
  runs(): Promise<SampleRun[]> {
    return this.once('runs', async () => {
      const stops = await this.stops()
      if (stops[0] !== undefined) await this.moveClock(stops[0])
      const runs: SampleRun[] = []
      for (const { name, params } of this.definition.pipelines) runs.push(await this.run(name, params, stops.at(-1)))
      return runs
    })
  }

  private async run(pipeline: string, params: Record<string, unknown>, until: number | undefined): Promise<SampleRun> {
    const { client } = this.bench
    const given: Record<string, number> =
      'until' in params && params.until === null && until !== undefined ? { until } : {}
    const { run, steps } = await client.startRun({
      body: { pipeline, params: given, wait: true, actor: 'ci', reason: 'continuous integration' },
    })
    const logs = new Map<string, string>()
    for (const { step, state, index } of steps) {
      if (state !== 'failed' || index !== null) continue
      const answer = await client.stepLog({ params: { run: run.id, step }, query: {} })
      logs.set(step, await (answer as Response).text())
    }
    return { run, steps, logs }
  }

  async close(): Promise<void> {
    const { data } = this.services
    await data.tables.close().catch(() => {})
    await data.metadata.close().catch(() => {})
    await this.bench.close()
  }
}
