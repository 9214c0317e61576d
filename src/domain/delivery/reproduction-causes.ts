import { hashOf } from '../../base/hash.ts'
import type { Definition } from '../../contract/definition.ts'
import type { Json, PipelineDefinition } from '../../contract/pipeline.ts'
import type { Cause, ExecutedStep, RunInputs } from '../../contract/reproduction.ts'
import type { RunRecord } from '../../contract/run.ts'
import { differencesOf } from '../lifecycle/differences.ts'
import { batchesHeld, versionsAltered } from './run-inputs.ts'

/** What a run was made from and where. */
export interface Making {
  inputs: RunInputs
  steps: readonly ExecutedStep[]
  environment: RunRecord['environment']
}

const isSeed = (name: string): boolean => /seed|random_?state/i.test(name)
const shown = (value: Json | undefined): string | null =>
  value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value)

/**
 * Why a step made something else: what differs of all that the step depends on. Platform counts only where nothing nearer does.
 *
 * @param steady whether the step, run twice in the same place, made the same twice; null when that was not tried.
 */
export function causesOf(step: string, recorded: Making, again: Making, steady: boolean | null): Cause[] {
  const near = [
    ...ofCondition(step, recorded, again),
    ...ofKeyParts(step, recorded, again),
    ...ofDefinition(step, recorded.inputs, again.inputs),
    ...ofData(step, recorded.inputs, again.inputs),
  ]
  const causes = near.filter(
    (cause, place) => near.findIndex(({ kind, what }) => kind === cause.kind && what === cause.what) === place,
  )
  if (causes.length > 0) return causes
  const unsteady: Cause = { kind: 'not-deterministic', what: step, recorded: null, again: null }
  // It differs from itself: wherever it runs, that alone is enough.
  if (steady === false) return [unsteady]
  const platform = ofPlatform(recorded, again)
  return platform.length > 0 ? platform : [unsteady]
}

/** Whether it ran at all hangs on a parameter, where its condition names one; what its outcome would depend on does not matter then. */
function ofCondition(name: string, recorded: Making, again: Making): Cause[] {
  const found = (making: Making) => ({
    skipped: making.steps.find(({ step }) => step === name)?.state === 'skipped',
    when: making.inputs.pipeline.steps.find((each) => each.name === name)?.when,
  })
  const [before, after] = [found(recorded), found(again)]
  const [, param] = /^params\.(.+)$/.exec(before.when?.value ?? '') ?? []
  if (before.skipped === after.skipped || param === undefined) return []
  const given = ({ inputs }: Making) => shown(inputs.run.params[param] as Json | undefined)
  const values = { recorded: given(recorded), again: given(again) }
  return values.recorded === values.again
    ? []
    : [{ kind: isSeed(param) ? 'seed' : 'parameter', what: param, ...values }]
}

function ofKeyParts(name: string, recorded: Making, again: Making): Cause[] {
  const stepOf = ({ steps }: Making) => steps.find(({ step }) => step === name)
  // One that was skipped has none.
  if ((stepOf(recorded)?.state === 'skipped') !== (stepOf(again)?.state === 'skipped'))
    return ofNode(name, recorded.inputs.pipeline, again.inputs.pipeline)
  const partsOf = (making: Making) => stepOf(making)?.keyParts ?? {}
  const [before, after] = [partsOf(recorded), partsOf(again)]
  const causes: Cause[] = []
  for (const part of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [from, to] = [before[part] ?? null, after[part] ?? null]
    if (from === to) continue
    const space = part.indexOf(' ')
    const [kind, what] = space < 0 ? [part, part] : [part.slice(0, space), part.slice(space + 1)]
    if (kind === 'code') causes.push({ kind: 'code', what, recorded: from, again: to })
    else if (kind === 'package' || kind === 'python') causes.push({ kind: 'package', what, ...versions(from, to) })
    else if (kind === 'parameter') {
      const given = (making: Making) => shown(paramOf(making.inputs, name, what))
      const values = { recorded: given(recorded), again: given(again) }
      causes.push({ kind: isSeed(what) ? 'seed' : 'parameter', what, ...values })
    } else if (kind === 'settings') causes.push(...ofSettings(recorded.inputs, again.inputs))
    else if (kind === 'definition') causes.push(...ofNode(name, recorded.inputs.pipeline, again.inputs.pipeline))
    // Another build of the same version has other code in its stages.
    else if (kind === 'Millwright') causes.push({ kind: 'platform', what: 'Millwright', recorded: from, again: to })
    else if (kind !== 'input') causes.push({ kind: 'data', what: part, recorded: from, again: to })
  }
  return causes
}

/** `1.2.0` of `1.2.0+1a2b3c4d`, which tells of the packages that it brings, too, where only these differ. */
function versions(from: string | null, to: string | null): Pick<Cause, 'recorded' | 'again'> {
  const plain = (version: string | null) => version?.split('+')[0] ?? null
  return plain(from) === plain(to) ? { recorded: from, again: to } : { recorded: plain(from), again: plain(to) }
}

function paramOf({ pipeline, run }: RunInputs, step: string, name: string): Json | undefined {
  const own = pipeline.steps.find((each) => each.name === step)?.params[name]
  return (own ?? run.params[name]) as Json | undefined
}

function ofSettings(before: RunInputs, after: RunInputs): Cause[] {
  const parts = ({ definition: { settings, environments } }: RunInputs) =>
    ({ settings, environments }) as unknown as Json
  return differencesOf(parts(before), parts(after)).map(({ path, from, to }) => ({
    kind: isSeed(path) ? 'seed' : 'parameter',
    what: path,
    recorded: shown(from),
    again: shown(to),
  }))
}

function ofNode(step: string, before: PipelineDefinition, after: PipelineDefinition): Cause[] {
  const node = ({ steps }: PipelineDefinition) => steps.find(({ name }) => name === step) as unknown as Json
  return differencesOf(node(before), node(after)).map(({ path, from, to }) => ({
    kind: isSeed(path) ? 'seed' : 'code',
    what: `steps.${step}.${path}`,
    recorded: shown(from),
    again: shown(to),
  }))
}

/** Of a stage, whose model, datasets and feature views are in the definition and not in its own node. */
function ofDefinition(step: string, before: RunInputs, after: RunInputs): Cause[] {
  const node = before.pipeline.steps.find(({ name }) => name === step)
  if (node?.run.kind !== 'stage') return []
  const parts = ({ models, datasets, featureViews, entities }: Definition) =>
    ({
      models: models.filter(({ name }) => name === node.params.model),
      datasets,
      featureViews,
      entities,
    }) as unknown as Json
  return differencesOf(parts(before.definition), parts(after.definition)).map(({ path, from, to }) => ({
    kind: isSeed(path) ? 'seed' : 'parameter',
    what: path,
    recorded: shown(from),
    again: shown(to),
  }))
}

/** Of a step that may read a dataset: all but functions and programs, which read none. */
function ofData(step: string, before: RunInputs, after: RunInputs): Cause[] {
  const node = before.pipeline.steps.find(({ name }) => name === step)
  if (node?.run.kind !== 'stage') return []
  const causes: Cause[] = []
  for (const dataset of before.datasets) {
    const { id, version } = dataset.state
    const other = after.datasets.find(({ state }) => state.id === id)
    const altered = versionsAltered(dataset)[0]
    const contents = (of: typeof dataset): string[] =>
      batchesHeld(of)
        .map(({ contentHash }) => contentHash)
        .sort()
    const [old, now] = [contents(dataset), other ? contents(other) : []]
    if (altered !== undefined)
      causes.push({ kind: 'data', what: altered, recorded: 'the batches that its hash names', again: 'others' })
    else if (hashOf(old) !== hashOf(now)) {
      const [gone, come] = [old.find((each) => !now.includes(each)), now.find((each) => !old.includes(each))]
      causes.push({
        kind: 'data',
        what: `${id}@${version}`,
        recorded: gone ? `batch ${gone.slice(0, 12)}` : null,
        again: come ? `batch ${come.slice(0, 12)}` : null,
      })
    }
  }
  return causes
}

function ofPlatform({ environment: before }: Making, { environment: after }: Making): Cause[] {
  return (
    [
      ['Millwright', 'millwright'],
      ['Node', 'node'],
      ['operating system', 'platform'],
      ['processor', 'arch'],
    ] as const
  ).flatMap(([what, field]) =>
    before[field] === after[field]
      ? []
      : [{ kind: 'platform', what, recorded: before[field], again: after[field] } satisfies Cause],
  )
}
