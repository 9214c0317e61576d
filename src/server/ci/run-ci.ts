import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDuckDbTables } from '../../backends/duckdb/tables.ts'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import {
  type CheckReport,
  type CiCheck,
  type CiReport,
  ciChecks,
  type GoldenRequests,
  goldenRequestsSchema,
} from '../../contract/ci.ts'
import type { Definition } from '../../contract/definition.ts'
import { checkData } from '../../domain/delivery/checks/data.ts'
import { checkDefinitionRules } from '../../domain/delivery/checks/definition.ts'
import { checkFeatures } from '../../domain/delivery/checks/features.ts'
import { checkLoad, type LoadMeasurement } from '../../domain/delivery/checks/load.ts'
import { checkModels } from '../../domain/delivery/checks/model.ts'
import { checkPipelines } from '../../domain/delivery/checks/pipeline.ts'
import { checkServing } from '../../domain/delivery/checks/serving.ts'
import { checkTraining } from '../../domain/delivery/checks/training.ts'
import { checkTypes } from '../../domain/delivery/checks/types.ts'
import { type CheckVerdict, fault, skipped, verdictOf } from '../../domain/delivery/checks/verdict.ts'
import { sampleOf } from '../../domain/delivery/ci-sample.ts'
import { located, type SourceText } from '../../domain/delivery/locate.ts'
import { CodeFiles } from '../../domain/pipelines/code-files.ts'
import { gitState } from '../../domain/pipelines/run-source.ts'
import { gatesOf, judgeAll } from '../../domain/registry/gates.ts'
import { typescriptLoader } from '../command-line.ts'
import { loadTest } from '../load-test.ts'
import { millwrightVersion } from '../version.ts'
import { SampleBench } from './sample-bench.ts'
import { askNewestRows, inferUrl, replayGolden, type Served } from './served-answers.ts'
import { sourceFacts, withSourcesFrom } from './source-facts.ts'
import { modelFacts, type TrainedOnBench, trainedModels } from './trained-models.ts'

const configFile = 'millwright.config.ts'
const goldenFile = 'golden.json'
const callers = 8
const rounds = 6

export interface CiOptions {
  projectDir: string
  /** Null when the project did not load; `loadFault` then says why. */
  definition: Definition | null
  loadFault: { message: string; field?: string | undefined; hint?: string | undefined } | null
  /** All data and gates that bind, instead of a sample. */
  full: boolean
  /** What is unused is an error. */
  strict: boolean
  only: readonly CiCheck[] | null
  /** Folder from which sources are found. */
  dataDir: string
  /** Requests that were recorded elsewhere, and where. */
  golden: { from: string; requests: GoldenRequests } | null
  timeoutMs: number
  onProgress(check: CiCheck, report: CheckReport | null): void
}

/** Runs the checks of a project, each once what it relies on has stood, in a Millwright of its own that is gone afterwards. */
export async function runCi(options: CiOptions): Promise<CiReport> {
  const begun = performance.now()
  const ci = new ContinuousIntegration(options)
  try {
    const checks = await ci.run()
    const { commit, branch, dirty } = await gitState(options.projectDir)
    return {
      project: options.definition?.name ?? 'project',
      definitionHash: options.definition ? hashOf(options.definition) : null,
      commit,
      branch,
      dirty,
      millwright: millwrightVersion,
      full: options.full,
      outcome: checks.some((check) => check.outcome === 'failed') ? 'failed' : 'passed',
      checks,
      models: ci.models(),
      golden: ci.served?.golden ?? {},
      seconds: (performance.now() - begun) / 1000,
    }
  } finally {
    await ci.close()
  }
}

class ContinuousIntegration {
  served: Served | null = null
  private readonly reports = new Map<CiCheck, CheckReport>()
  private readonly abort = new AbortController()
  private readonly expired: Promise<never>
  private readonly timer: NodeJS.Timeout
  private opening: Promise<SampleBench> | null = null
  private trained: TrainedOnBench[] = []
  private sources: Promise<SourceText[]> | null = null

  constructor(private readonly options: CiOptions) {
    let expire: (reason: MillwrightError) => void = () => {}
    this.expired = new Promise((_, reject) => {
      expire = reject
    })
    this.timer = setTimeout(() => {
      this.abort.abort()
      expire(
        new MillwrightError('unavailable', `time was up after ${options.timeoutMs / 1000} s`, {
          hint: 'Give it more with `--timeout`, or a smaller sample.',
        }),
      )
    }, options.timeoutMs)
    this.expired.catch(() => {})
  }

  async run(): Promise<CheckReport[]> {
    const { definition } = this.options
    // The compiler works in a process of its own.
    const types = this.check('types', () => this.types())
    await this.check('definition', async () => this.definitionRules())
    const stands = definition !== null && this.reports.get('definition')?.outcome !== 'failed'
    if (!definition || !stands) {
      const reason = definition ? 'the definition does not hold together' : 'the project does not load'
      for (const check of ciChecks.slice(2)) await this.check(check, async () => skipped(check, reason))
    } else {
      await this.check('data', () => this.data(definition))
      await Promise.all([
        this.check('features', () => this.features(definition)),
        this.check('pipeline', () => this.pipelines(definition)),
      ])
      await Promise.all([this.check('training', () => this.training()), this.check('serving', () => this.serving())])
      await this.check('model', () => this.model(definition))
      // Nothing else may be at work while times are measured.
      await types
      await this.check('load', () => this.load(definition))
    }
    await types
    return ciChecks.flatMap((check) => this.reports.get(check) ?? [])
  }

  async close(): Promise<void> {
    clearTimeout(this.timer)
    this.abort.abort()
    const bench = await this.opening?.catch(() => null)
    await bench?.close()
  }

  models(): CiReport['models'] {
    return this.trained.map((made) => {
      const stated = this.options.definition!.models.find((model) => model.name === made.model.name)!
      const gates = gatesOf(this.options.definition!, stated).filter(
        ({ kind }) => kind !== 'latency' && kind !== 'signature',
      )
      const verdicts = made.evaluation
        ? judgeAll({ ...stated, gates }, { evaluation: made.evaluation, slot: null })
        : []
      return modelFacts(
        made,
        verdicts.map(({ gate, passed, message }) => ({ gate, passed, message })),
      )
    })
  }

  /** Does the work of a check and keeps what it says; a check that nobody asked for is done only when another one needs it. */
  private async check(name: CiCheck, work: () => Promise<CheckVerdict>): Promise<void> {
    const { only, onProgress } = this.options
    if (only && !only.includes(name)) return
    onProgress(name, null)
    const begun = performance.now()
    let verdict: CheckVerdict
    try {
      verdict = await Promise.race([work(), this.expired])
    } catch (error) {
      const { field, hint } = error instanceof MillwrightError ? error : ({} as Partial<MillwrightError>)
      verdict = verdictOf(name, '', [
        fault(field ?? configFile, messageOf(error), hint ?? 'Look at the message; run it again alone with `--only`.'),
      ])
    }
    const sources = verdict.findings.length > 0 ? await this.code() : []
    const findings = verdict.findings.map((finding) => located(finding, sources))
    const report = { ...verdict, findings, seconds: (performance.now() - begun) / 1000 }
    this.reports.set(name, report)
    onProgress(name, report)
  }

  private hasFailed(...checks: CiCheck[]): boolean {
    return checks.some((check) => this.reports.get(check)?.outcome === 'failed')
  }

  private async bench(): Promise<SampleBench> {
    const { projectDir, dataDir, definition, full } = this.options
    this.opening ??= (async () => {
      const moved = withSourcesFrom(definition!, projectDir, dataDir)
      const tables = openDuckDbTables({ spillFolder: join(tmpdir(), `millwright-ci-${process.pid}`), memoryMb: 512 })
      try {
        const facts = await sourceFacts(moved, projectDir, tables)
        return await SampleBench.open(projectDir, sampleOf(moved, facts, { full }))
      } finally {
        await tables.close()
      }
    })()
    return this.opening
  }

  private types(): Promise<CheckVerdict> {
    const { projectDir } = this.options
    return checkTypes({
      projectDir,
      ownSources: isSource ? fileURLToPath(new URL('../../', import.meta.url)) : null,
      fallback: fileURLToPath(import.meta.url),
      signal: this.abort.signal,
    })
  }

  private definitionRules(): CheckVerdict {
    const { definition, loadFault, strict } = this.options
    if (definition) return checkDefinitionRules(definition, { strict })
    const { message, field, hint } = loadFault ?? { message: 'the project does not load' }
    return verdictOf('definition', '', [fault(field ?? configFile, message, hint ?? `Mend ${configFile}.`)])
  }

  private async data(definition: Definition): Promise<CheckVerdict> {
    return checkData(definition, await (await this.bench()).ingested())
  }

  private async features(definition: Definition): Promise<CheckVerdict> {
    const seen = await (await this.bench()).seen()
    const nodeOptions = [...(isSource ? ['--conditions=millwright-source'] : []), '--import', typescriptLoader()]
    return checkFeatures(definition, seen, {
      projectDir: this.options.projectDir,
      nodeOptions,
      signal: this.abort.signal,
    })
  }

  private async pipelines(definition: Definition): Promise<CheckVerdict> {
    if (this.hasFailed('data')) return skipped('pipeline', 'the data did not pass')
    const bench = await this.bench()
    const runs = await bench.runs()
    const verdict = checkPipelines(definition, runs, { full: this.options.full })
    if (verdict.outcome === 'passed') this.trained = await trainedModels(bench.definition, runs, bench.services)
    return verdict
  }

  /** Why there is no model to look at, or null. */
  private async withoutModels(): Promise<string | null> {
    if (this.hasFailed('data')) return 'the data did not pass'
    if (this.hasFailed('pipeline')) return 'a pipeline failed'
    // Nobody asked for the pipelines by themselves.
    if (!this.reports.has('pipeline')) {
      const verdict = await this.pipelines(this.options.definition!)
      if (verdict.outcome === 'failed') return `a pipeline failed: ${verdict.summary}`
    }
    return this.trained.length === 0 ? 'no model was trained' : null
  }

  private async training(): Promise<CheckVerdict> {
    const reason = await this.withoutModels()
    if (reason) return skipped('training', reason)
    const samples = this.trained.map(({ model, trained, train, validation }) => ({
      model,
      modelHash: trained.modelHash,
      train,
      validation,
    }))
    return checkTraining(samples, this.abort.signal)
  }

  private async model(definition: Definition): Promise<CheckVerdict> {
    const reason = await this.withoutModels()
    if (reason) return skipped('model', reason)
    const bench = await this.bench()
    const samples = this.trained.map(({ model, bytes, onnx, validation }) => ({
      model,
      bytes,
      onnx,
      examples: validation,
    }))
    return checkModels(samples, { definition, seen: await bench.seen(), runner: bench.services.models })
  }

  private async askedEndpoints(): Promise<Served> {
    this.served ??= await askNewestRows(await this.bench(), this.trained)
    return this.served
  }

  private async serving(): Promise<CheckVerdict> {
    const reason = await this.withoutModels()
    if (reason) return skipped('serving', reason)
    const bench = await this.bench()
    const { endpoints, golden } = await this.askedEndpoints()
    const hashes = new Map(Object.entries(golden).map(([endpoint, { model }]) => [endpoint, model ?? '']))
    const recorded = [await this.ownGolden(), this.options.golden]
    const replayed = await Promise.all(
      recorded.map((each) => (each ? replayGolden(bench, each.requests, each.from, hashes) : [])),
    )
    return checkServing(endpoints, replayed.flat())
  }

  /** Requests that the project keeps beside its configuration. @throws `invalid-definition` */
  private async ownGolden(): Promise<{ from: string; requests: GoldenRequests } | null> {
    const path = join(this.options.projectDir, goldenFile)
    if (!existsSync(path)) return null
    try {
      return { from: goldenFile, requests: goldenRequestsSchema.parse(JSON.parse(await readFile(path, 'utf8'))) }
    } catch (cause) {
      throw new MillwrightError('invalid-definition', `${goldenFile} holds no recorded requests: ${messageOf(cause)}`, {
        field: goldenFile,
        cause,
      })
    }
  }

  private async load(definition: Definition): Promise<CheckVerdict> {
    const reason = await this.withoutModels()
    if (reason) return skipped('load', reason)
    const bench = await this.bench()
    const { endpoints } = await this.askedEndpoints()
    const measured = new Map<string, LoadMeasurement>()
    for (const { endpoint, rows } of endpoints) {
      const requests = rows.filter(({ refusal }) => refusal === null).map(({ request }) => request)
      if (requests.length === 0) continue
      const url = inferUrl(bench.bench.predictor, endpoint)
      const seconds = this.options.full ? 5 : 1
      const isEnough = (load: LoadMeasurement): boolean =>
        checkLoad(definition, new Map([[endpoint, load]])).outcome === 'passed'
      const { signal } = this.abort
      measured.set(endpoint, await loadTest({ url, requests, callers, seconds, rounds, isEnough, signal }))
    }
    return checkLoad(definition, measured)
  }

  /** The project's code, for the lines of findings. */
  private code(): Promise<SourceText[]> {
    this.sources ??= (async () => {
      const { projectDir } = this.options
      const names = await new CodeFiles(projectDir).reachable(configFile).then(
        ({ files }) => Object.keys(files),
        () => [configFile],
      )
      const inOrder = [configFile, ...names.filter((name) => name !== configFile && !name.startsWith('..'))]
      return Promise.all(
        inOrder.map(async (file) => ({
          file,
          lines: (await readFile(join(projectDir, file), 'utf8').catch(() => '')).split('\n'),
        })),
      )
    })()
    return this.sources
  }
}

const isSource = import.meta.url.endsWith('.ts')
