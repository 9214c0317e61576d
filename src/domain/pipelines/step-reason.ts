import type { StepRecord } from '../../contract/run.ts'
import type { Metadata } from '../../ports/metadata.ts'
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
    this.earlierRuns ??= this.metadata
      .find('run', {
        where: { pipeline: this.pipeline, id: { below: this.runId } },
        orderBy: { field: 'id', direction: 'desc' },
        limit: runsBack,
      })
      .then((runs) => runs.map((run) => run.id))
    for (const run of await this.earlierRuns) {
      const before = await this.metadata.get('step', `${run}/${step}`)
      if (before?.keyParts) return reasonFrom(before, parts, run)
    }
    return 'ran for the first time'
  }
}

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
