import { MillwrightError } from '../../base/errors.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import type { StepReason } from '../../contract/step-reason.ts'
import type { Metadata, RecordReader } from '../../ports/metadata.ts'
import type { KeyParts } from './step-key.ts'

/** How far back to look for an execution to compare with. */
const runsBack = 5

/** Says why a step runs, for people, by comparing it with its last execution in an earlier run of the pipeline. */
export class StepReasons {
  private earlierRuns: Promise<string[]> | undefined

  constructor(
    private readonly metadata: Metadata,
    private readonly pipeline: string,
    private readonly runId: string,
  ) {}

  async whyItRuns(step: string, parts: KeyParts): Promise<string> {
    this.earlierRuns ??= earlierRunsOf(this.metadata, this.pipeline, this.runId).then((runs) =>
      runs.map(({ id }) => id),
    )
    for (const run of await this.earlierRuns) {
      const before = await this.metadata.get('step', `${run}/${step}`)
      if (before?.keyParts) return reasonFrom(before, parts, run)
    }
    return 'ran for the first time'
  }
}

/**
 * What a step's key is made of, beside that of the execution it was compared with, or whose outputs it took over. Of parameters the values
 * are told, of the rest hashes and versions.
 *
 * @throws `not-found`
 */
export async function stepReason(records: RecordReader, runId: string, name: string): Promise<StepReason> {
  const [run, step] = await Promise.all([records.get('run', runId), records.get('step', `${runId}/${name}`)])
  if (!run || !step) throw new MillwrightError('not-found', `run ${runId} has no step "${name}"`)
  const before = await comparedWith(records, run, step)
  const earlierRun = before && (await records.get('run', before.runId))
  const [partsBefore, partsNow] = [before?.keyParts ?? {}, step.keyParts ?? {}]
  const names = [...new Set([...Object.keys(partsNow), ...Object.keys(partsBefore)])]
  const partOf = (parts: KeyParts, of: RunRecord | undefined, part: string): Json => {
    const own = part.startsWith('parameter ') ? of?.params[part.slice('parameter '.length)] : undefined
    return part in parts ? (own === undefined ? parts[part]! : own) : null
  }
  return {
    because: step.because,
    comparedWith: before ? { execution: before.id, run: before.runId } : null,
    parts: names.map((part) => ({
      name: part,
      before: partOf(partsBefore, earlierRun, part),
      now: partOf(partsNow, run, part),
      changed: before !== undefined && partsBefore[part] !== partsNow[part],
    })),
  }
}

async function comparedWith(records: RecordReader, run: RunRecord, step: StepRecord): Promise<StepRecord | undefined> {
  if (step.reusedFrom !== null) return records.get('step', step.reusedFrom)
  if (!step.keyParts) return undefined
  const earlier = await earlierRunsOf(records, run.pipeline, run.id)
  for (const { id } of earlier) {
    const before = await records.get('step', `${id}/${step.step}`)
    if (before?.keyParts) return before
  }
  return undefined
}

const earlierRunsOf = (records: RecordReader, pipeline: string, runId: string): Promise<RunRecord[]> =>
  records.find('run', {
    where: { pipeline, id: { below: runId } },
    orderBy: { field: 'id', direction: 'desc' },
    limit: runsBack,
  })

function reasonFrom(before: StepRecord, now: KeyParts, run: string): string {
  const difference = differenceText(before.keyParts ?? {}, now)
  if (difference) return `ran because ${difference} since ${run}`
  if (before.state === 'failed') return `ran because it failed in ${run}`
  if (before.state === 'stopped') return `ran because it was stopped in ${run}`
  return `ran because ${run} left no outputs to reuse`
}

/** `its code changed: train.ts`, `input rows changed`; undefined when nothing did. */
export function differenceText(before: KeyParts, now: KeyParts): string | undefined {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  const changed = names.filter((name) => before[name] !== now[name]).sort()
  if (changed.length === 0) return undefined
  const code = changed.filter((name) => name.startsWith('code ')).map((name) => name.slice('code '.length))
  const reasons: string[] = []
  if (code.length > 0) reasons.push(`its code changed: ${listed(code)}`)
  for (const name of changed) {
    if (name.startsWith('code ')) continue
    const [from, to] = [before[name], now[name]]
    if (name === 'definition') reasons.push('its definition changed')
    else if (from === undefined) reasons.push(`${name} was added`)
    else if (to === undefined) reasons.push(`${name} was removed`)
    else if (/^(package|Millwright)/.test(name)) reasons.push(`${name} changed from ${from} to ${to}`)
    else reasons.push(`${name} changed`)
  }
  return listed(reasons)
}

function listed(items: string[]): string {
  return items.length <= 3 ? items.join(', ') : `${items.slice(0, 3).join(', ')} and ${items.length - 3} more`
}
