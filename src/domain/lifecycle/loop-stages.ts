import { day } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { ModelDefinition } from '../../contract/definition.ts'
import type { ModelVersionRecord, Verdict } from '../../contract/model.ts'
import type { StepContext } from '../../contract/step.ts'
import { type Golden, goldenSchema } from '../../contract/training.ts'
import { metricsFor } from '../../stats/metrics.ts'
import { datasetNamed } from '../data/dataset-plan.ts'
import { datasetVersion } from '../data/dataset-reader.ts'
import { datasetsRead } from '../features/training-plan.ts'
import { gatesOf, judgeAll, type SlotMeasurement } from '../registry/gates.ts'
import { modelCard } from '../registry/model-card.ts'
import type { ModelVersions, OwnVersion } from '../registry/model-versions.ts'
import { signatureOf } from '../registry/request-columns.ts'
import type { Deployments } from '../serving/deployments.ts'
import type { Candidate } from '../serving/serving-plan.ts'
import type { Projects } from './project.ts'
import { modelOf, outputOf, type StageOutput, type StageServices } from './stage-services.ts'

/** What the stages that change the world need besides. */
export interface LoopServices extends StageServices {
  projects: Projects
  registry: ModelVersions
  deployments: Deployments
  /** Loads a candidate on the prediction services for as long as `work` takes. */
  withCandidate<T>(candidate: Candidate, work: () => Promise<T>): Promise<T>
  /** Resolves when every connected prediction service serves what was deployed. */
  served(): Promise<void>
  /** Whether the prediction services have what a version needs; to be asked while they have it as a candidate. */
  targets(version: ModelVersionRecord, model: ModelDefinition): Promise<Verdict>
  /** Asks a prediction service; null while none is connected. */
  probe: ((endpoint: string, version: string, golden: Golden, p99Ms?: number) => Promise<SlotMeasurement>) | null
}

/** Pins what the run works on: the dataset's version, the moment, the model in production. */
export async function extract(context: StepContext, { data, projects }: LoopServices): Promise<StageOutput<'extract'>> {
  const { model: name, until, datasetVersion: wanted } = context.params
  // That of the run: another may have come into force since it was started.
  const run = await data.metadata.get('run', context.runId)
  const definitionHash = run?.definitionHash ?? projects.applied.id
  const { definition, model } = await modelOf(data.metadata, { model: String(name), definitionHash })
  const version = await datasetVersion(data.metadata, model.dataset, typeof wanted === 'number' ? wanted : null)
  const production = await data.metadata.get('alias', `${model.name}/production`)
  const reads: StageOutput<'extract'>['reads'] = {}
  for (const dataset of datasetsRead(definition, model)) {
    const { record } = dataset === model.dataset ? version : await datasetVersion(data.metadata, dataset)
    reads[dataset] = { version: record.number, hash: record.hash }
  }
  context.log(
    `${version.record.id}, ${version.record.rows.toLocaleString('en')} rows; in production: ${production?.version ?? 'nothing'}`,
  )
  return {
    model: model.name,
    definitionHash,
    dataset: model.dataset,
    version: version.record.number,
    versionHash: version.record.hash,
    reads,
    cutOff: typeof until === 'number' ? until : data.clock.now(),
    production: production?.version ?? null,
  }
}

/** What validation said of the batches that the run will learn from. Batches that were refused or set aside are in no version. */
export async function validate(
  context: StepContext,
  { data }: LoopServices,
): Promise<{ batches: number; told: number; notLetIn: number }> {
  const extracted = outputOf(context, 'extract')
  const { model } = await modelOf(data.metadata, extracted)
  const version = await datasetVersion(data.metadata, extracted.dataset, extracted.version)
  const { split } = model
  const reach =
    split.trainingDays === null
      ? Number.NEGATIVE_INFINITY
      : (version.record.to ?? 0) - (split.trainingDays + split.validationDays + split.testDays) * day
  const used = version.batches.filter((batch) => (batch.to ?? Number.POSITIVE_INFINITY) >= reach)
  if (used.length === 0)
    throw new MillwrightError('conflict', `${version.record.id} has no batch in the time that the model learns from`, {
      hint: 'Ingest data, or lengthen `split.training`.',
    })
  const told = used.flatMap((batch) => batch.anomalies.map((anomaly) => `${batch.origin}: ${anomaly.message}`))
  const notLetIn = (
    await data.metadata.find('batch', { where: { dataset: extracted.dataset, state: ['refused', 'quarantined'] } })
  ).map((batch) => `${batch.state} ${batch.origin}: ${batch.anomalies.map((anomaly) => anomaly.message).join('; ')}`)
  for (const line of [...told.slice(-20), ...notLetIn.slice(-20)]) context.log(line)
  await context.artifact(
    'validation.json',
    { json: { version: version.record.id, batches: used.map((batch) => batch.id), told, notLetIn } },
    'report',
  )
  return { batches: used.length, told: told.length, notLetIn: notLetIn.length }
}

/** Tries the candidate on a slot of the prediction service and judges it by every gate of the definition. */
export async function gate(context: StepContext, services: LoopServices): Promise<StageOutput<'gate'>> {
  const { data, projects } = services
  const { definition, model } = await modelOf(data.metadata, outputOf(context, 'extract'))
  const gates = gatesOf(definition, model)
  const { evaluation, goldenHash } = outputOf(context, 'evaluate')
  const needsSlot = gates.some((each) => each.kind === 'latency' || each.kind === 'signature') || model.requires
  const endpoint = projects.definition.endpoints.find((each) => each.model === model.name)
  let slot: SlotMeasurement | null = null
  let target: Verdict | null = null
  if (needsSlot && endpoint && services.probe) {
    const { probe } = services
    const version: ModelVersionRecord = {
      ...(await newVersion(context, services, [])),
      id: `${model.name}@candidate-${context.runId}`,
      number: 0,
      state: 'candidate',
      source: null,
      filesHash: null,
      hash: '',
      time: data.clock.now(),
      recordedAt: Date.now(),
    }
    const golden = goldenSchema.parse(JSON.parse(new TextDecoder().decode(await data.blobs.get(goldenHash))))
    context.progress(0.2, 'trying the candidate on the prediction service')
    slot = await services.withCandidate({ endpoint: endpoint.name, version }, async () => {
      target = await services.targets(version, model)
      const bounds = gates.flatMap((each) => (each.kind === 'latency' ? [each.p99Ms] : []))
      return probe(endpoint.name, version.id, golden, Math.min(...bounds))
    })
  }
  const verdicts = judgeAll({ task: model.task, gates }, { evaluation, slot })
  if (model.requires && target) verdicts.push(target)
  for (const { passed, gate: name, message } of verdicts)
    context.log(`${passed ? 'passed ' : 'REFUSED'} ${name}: ${message}`)
  return { passed: verdicts.every((verdict) => verdict.passed), verdicts }
}

/** Registers the version when it passed; keeps it as refused, with the reasons, when it did not. */
export async function register(context: StepContext, services: LoopServices): Promise<StageOutput<'register'>> {
  const { passed, verdicts } = outputOf(context, 'gate')
  const { evaluation } = outputOf(context, 'evaluate')
  const version = await newVersion(context, services, verdicts)
  const [primary] = version.task ? metricsFor(version.task) : []
  const metric = primary?.name
  const figure = metric ? evaluation.candidate[metric] : undefined
  const failed = verdicts.filter((verdict) => !verdict.passed)
  const message = passed
    ? `is registered${metric && figure ? `: ${metric} ${figure.value.toFixed(3)} on ${evaluation.rows.toLocaleString('en')} sealed rows` : ''}`
    : `was refused: ${failed.map((verdict) => `${verdict.gate} (${verdict.message})`).join('; ')}`
  const record = await services.registry.add(version, passed ? 'registered' : 'refused', message)
  context.log(`${record.id} ${message}`)
  return { version: record.id, registered: passed }
}

/** Begins the rollout of what was registered, on every endpoint of the model. */
export async function rollOut(
  context: StepContext,
  { projects, deployments, data, served }: LoopServices,
): Promise<{ deployments: string[] }> {
  const { version } = outputOf(context, 'register')
  const record = await data.metadata.get('model_version', version)
  const started: string[] = []
  for (const endpoint of projects.definition.endpoints.filter((each) => each.model === record?.model)) {
    const state = await data.metadata.get('endpoint', endpoint.name)
    const rolling = (
      await data.metadata.find('deployment', { where: { endpoint: endpoint.name, state: 'rolling' } })
    ).at(-1)
    // Done before a crash: the rollout is on its way, or over.
    if (state?.serving === version || rolling?.version === version) continue
    const deployment = await deployments.start(
      endpoint.name,
      version,
      `run:${context.runId}`,
      `registered by run ${context.runId}`,
    )
    started.push(deployment.id)
  }
  await served()
  return { deployments: started }
}

async function newVersion(
  context: StepContext,
  { data }: LoopServices,
  verdicts: StageOutput<'gate'>['verdicts'],
): Promise<OwnVersion> {
  const extracted = outputOf(context, 'extract')
  const trained = outputOf(context, 'train')
  const { evaluation, goldenHash } = outputOf(context, 'evaluate')
  const { definition, model } = await modelOf(data.metadata, extracted)
  const run = await data.metadata.get('run', context.runId)
  const brief = model.brief ?? definition.brief ?? null
  const facts = {
    model,
    brief,
    datasetVersion: `${extracted.dataset}@${extracted.version}`,
    trainedRows: trained.rows,
    trainedUntil: extracted.cutOff,
    evaluation,
    verdicts,
    importance: trained.importance,
    runId: context.runId,
    commit: run?.source.commit ?? null,
  }
  const { hash: cardHash } = await data.blobs.put(new TextEncoder().encode(modelCard(facts)))
  return {
    model: model.name,
    task: model.task,
    modelHash: trained.modelHash,
    onnxHash: trained.onnxHash,
    signature: signatureOf(model, datasetNamed(definition.datasets, model.dataset)),
    definitionHash: extracted.definitionHash,
    runId: context.runId,
    datasetVersion: facts.datasetVersion,
    trainedUntil: extracted.cutOff,
    trainedRows: trained.rows,
    previous: extracted.production,
    evaluation,
    verdicts,
    importance: trained.importance,
    referenceHash: trained.referenceHash,
    goldenHash,
    cardHash,
    brief,
    threshold: model.threshold,
    madeBy: `run:${context.runId}`,
  }
}
