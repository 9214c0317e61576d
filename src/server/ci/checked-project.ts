import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDuckDbTables } from '../../backends/duckdb/tables.ts'
import type { CiCheck, CiReport } from '../../contract/ci.ts'
import type { Definition } from '../../contract/definition.ts'
import { checkData } from '../../domain/delivery/checks/data.ts'
import { checkFeatures } from '../../domain/delivery/checks/features.ts'
import { checkLoad, type LoadMeasurement } from '../../domain/delivery/checks/load.ts'
import { checkModels } from '../../domain/delivery/checks/model.ts'
import { checkPipelines } from '../../domain/delivery/checks/pipeline.ts'
import { checkServing } from '../../domain/delivery/checks/serving.ts'
import { checkTraining } from '../../domain/delivery/checks/training.ts'
import { type CheckVerdict, skipped } from '../../domain/delivery/checks/verdict.ts'
import { sampleOf } from '../../domain/delivery/ci-sample.ts'
import { gatesOf, judgeAll } from '../../domain/registry/gates.ts'
import { isFromSource, typescriptLoader } from '../command-line.ts'
import { loadTest } from '../load-test.ts'
import type { openWorkbench } from '../workbench.ts'
import type { CheckReports } from './check-reports.ts'
import { goldenFileOf, type RecordedGolden } from './golden-file.ts'
import { SampleBench } from './sample-bench.ts'
import { askNewestRows, inferUrl, replayGolden, type Served } from './served-answers.ts'
import { sourceFacts, withSourcesFrom } from './source-facts.ts'
import { modelFacts, type TrainedOnBench, trainedModels } from './trained-models.ts'

const callers = 8
const rounds = 6

export interface CheckedProjectOptions {
  projectDir: string
  definition: Definition
  full: boolean
  dataDir: string
  golden: RecordedGolden | null
  openWorkbench: typeof openWorkbench
}

/** A project on its bench: the work of every check that needs one. What several of them need is done once, by the first. */
export class CheckedProject {
  private served: Served | null = null
  private opening: Promise<SampleBench> | null = null
  private trained: TrainedOnBench[] = []

  constructor(
    private readonly options: CheckedProjectOptions,
    private readonly reports: CheckReports,
    private readonly signal: AbortSignal,
  ) {}

  /** Where what was trained on the sample is served, while it is. */
  async addresses(): Promise<{ server: string | null; predictor: string | null }> {
    const opened = await this.opening?.catch(() => null)
    return { server: opened?.bench.server ?? null, predictor: opened?.bench.predictor ?? null }
  }

  async data(): Promise<CheckVerdict> {
    return checkData(this.options.definition, await (await this.bench()).ingested())
  }

  async features(): Promise<CheckVerdict> {
    const { projectDir, definition } = this.options
    const seen = await (await this.bench()).seen()
    const nodeOptions = [...(isFromSource ? ['--conditions=millwright-source'] : []), '--import', typescriptLoader()]
    return checkFeatures(definition, seen, { projectDir, nodeOptions, signal: this.signal })
  }

  async pipelines(): Promise<CheckVerdict> {
    if (this.reports.hasFailed('data')) return skipped('pipeline', 'the data did not pass')
    const bench = await this.bench()
    const runs = await bench.runs()
    const verdict = checkPipelines(this.options.definition, runs, { full: this.options.full })
    if (verdict.outcome === 'passed') this.trained = await trainedModels(bench.definition, runs, bench.services)
    return verdict
  }

  training(): Promise<CheckVerdict> {
    return this.withModels('training', () => {
      const samples = this.trained.map(({ model, trained, train, validation }) => ({
        model,
        modelHash: trained.modelHash,
        train,
        validation,
      }))
      return checkTraining(samples, this.signal)
    })
  }

  model(): Promise<CheckVerdict> {
    return this.withModels('model', async () => {
      const bench = await this.bench()
      const samples = this.trained.map(({ model, bytes, onnx, validation }) => ({
        model,
        bytes,
        onnx,
        examples: validation,
      }))
      const { definition } = this.options
      return checkModels(samples, { definition, seen: await bench.seen(), runner: bench.services.models })
    })
  }

  serving(): Promise<CheckVerdict> {
    return this.withModels('serving', async () => {
      const bench = await this.bench()
      const { endpoints, golden } = await this.askedEndpoints()
      const hashes = new Map(Object.entries(golden).map(([endpoint, { model }]) => [endpoint, model ?? '']))
      const recorded = [await goldenFileOf(this.options.projectDir), this.options.golden]
      const replayed = await Promise.all(recorded.map((each) => (each ? replayGolden(bench, each, hashes) : [])))
      return checkServing(endpoints, replayed.flat())
    })
  }

  load(): Promise<CheckVerdict> {
    return this.withModels('load', async () => {
      const bench = await this.bench()
      const { definition, full } = this.options
      const { endpoints } = await this.askedEndpoints()
      const measured = new Map<string, LoadMeasurement>()
      for (const { endpoint, rows } of endpoints) {
        const requests = rows.filter(({ refusal }) => refusal === null).map(({ request }) => request)
        if (requests.length === 0) continue
        const url = inferUrl(bench.bench.predictor, endpoint)
        const isEnough = (load: LoadMeasurement): boolean =>
          checkLoad(definition, new Map([[endpoint, load]])).outcome === 'passed'
        const { signal } = this
        measured.set(
          endpoint,
          await loadTest({ url, requests, callers, seconds: full ? 5 : 1, rounds, isEnough, signal }),
        )
      }
      return checkLoad(definition, measured)
    })
  }

  /** The models that the sample made, with what their gates say of it. */
  models(): CiReport['models'] {
    const { definition } = this.options
    return this.trained.map((made) => {
      const stated = definition.models.find((model) => model.name === made.model.name)!
      const gates = gatesOf(definition, stated).filter(({ kind }) => kind !== 'latency' && kind !== 'signature')
      const verdicts = made.evaluation
        ? judgeAll({ ...stated, gates }, { evaluation: made.evaluation, slot: null })
        : []
      return modelFacts(
        made,
        verdicts.map(({ gate, passed, message }) => ({ gate, passed, message })),
      )
    })
  }

  /** Requests that were answered, to be asked again elsewhere. */
  golden(): CiReport['golden'] {
    return this.served?.golden ?? {}
  }

  async close(): Promise<void> {
    const bench = await this.opening?.catch(() => null)
    await bench?.close()
  }

  private bench(): Promise<SampleBench> {
    const { projectDir, dataDir, definition, full, openWorkbench } = this.options
    this.opening ??= (async () => {
      const moved = withSourcesFrom(definition, projectDir, dataDir)
      const tables = openDuckDbTables({ spillFolder: join(tmpdir(), `millwright-ci-${process.pid}`), memoryMb: 512 })
      try {
        const facts = await sourceFacts(moved, projectDir, tables)
        return await SampleBench.open(projectDir, sampleOf(moved, facts, { full }), openWorkbench)
      } finally {
        await tables.close()
      }
    })()
    return this.opening
  }

  /** The work of a check that looks at trained models; skipped with the reason where there are none. */
  private async withModels(check: CiCheck, work: () => Promise<CheckVerdict>): Promise<CheckVerdict> {
    const reason = await this.withoutModels()
    return reason ? skipped(check, reason) : work()
  }

  private async withoutModels(): Promise<string | null> {
    if (this.reports.hasFailed('data')) return 'the data did not pass'
    if (this.reports.hasFailed('pipeline')) return 'a pipeline failed'
    // Nobody asked for the pipelines by themselves.
    if (!this.reports.has('pipeline')) {
      const verdict = await this.pipelines()
      if (verdict.outcome === 'failed') return `a pipeline failed: ${verdict.summary}`
    }
    return this.trained.length === 0 ? 'no model was trained' : null
  }

  private async askedEndpoints(): Promise<Served> {
    this.served ??= await askNewestRows(await this.bench(), this.trained)
    return this.served
  }
}
