import type { Disk, Doc } from './disk.ts'
import type { Entry } from './ledger.ts'

interface Answer {
  model_version: string
  outputs: { name: string; data: unknown[] }[]
  parameters: Record<string, unknown>
}

const runName = (run: Doc | undefined): string => (run ? `${run.pipeline} at ${run.time} (${run.reason})` : 'no run')

/**
 * What a replay has come to, without what may differ between two of them: wall-clock times, how long things took, random ids, and
 * predictions that were logged twice because their first answer was lost.
 */
export function endState(
  { records, rows, labels, predictions }: Disk,
  entries: readonly Entry[],
): Record<string, unknown> {
  const of = (kind: string): Doc[] => records[kind] ?? []
  const runs = new Map(of('run').map((run) => [run.id, run]))
  const asked = new Map<string, number>()
  for (const { text } of predictions) {
    const { requestId, version } = JSON.parse(text) as { requestId: string; version: string }
    asked.set(`${requestId} ${version}`, (asked.get(`${requestId} ${version}`) ?? 0) + 1)
  }
  return {
    answers: Object.fromEntries(
      entries.flatMap((entry) => {
        if (entry.what !== 'acknowledged' || entry.kind !== 'prediction') return []
        const { model_version, outputs } = entry.answer as Answer
        return [[entry.key, { version: model_version, outputs: outputs.map(({ name, data }) => [name, data]) }]]
      }),
    ),
    logged: [...asked.keys()].sort(),
    labels: Object.fromEntries(labels.map(({ key, value }) => [key, value])),
    rows: [rows.size, [...rows.values()].reduce((sum, count) => sum + count, 0)],
    datasets: of('dataset_version').map(({ id, rows: count, from, to }) => [id, count, from, to]),
    batches: of('batch')
      .map(({ state, contentHash, rows: count, addedIn }) => `${state} ${contentHash} ${count} @${addedIn}`)
      .sort(),
    versions: of('model_version').map((version) => [
      version.id,
      version.state,
      version.hash,
      version.modelHash,
      version.datasetVersion,
      version.trainedUntil,
      runName(runs.get(String(version.runId))),
    ]),
    aliases: of('alias').map(({ id, version, movedAt }) => [id, version, movedAt]),
    runs: of('run')
      .map((run) => `${runName(run)} by ${run.startedBy}: ${run.state}`)
      .sort(),
    steps: of('step')
      .map(({ id, runId, state, artifacts }) => {
        const names = (artifacts as { name: string }[]).map(({ name }) => name)
        return `${runName(runs.get(String(runId)))} ${id.slice(String(runId).length + 1)}: ${state} ${names.sort().join(' ')}`
      })
      .sort(),
    deployments: of('deployment')
      .map(({ endpoint, version, state, share, previous, startedAt, endedAt }) =>
        [endpoint, version, state, share, previous, startedAt, endedAt].join(' '),
      )
      .sort(),
    endpoints: of('endpoint').map(({ id, serving }) => [id, serving]),
    measured: of('measurement')
      .map(({ id, version, role }) => `${id} ${version} ${role}`)
      .sort(),
    triggers: of('trigger').map(({ id, fired, firedAt }) => [id, fired, firedAt]),
    clock: of('clock').map(({ at }) => at),
  }
}

/** @returns where two ends differ, part by part, with the first difference of each. */
export function differences(expected: Record<string, unknown>, found: Record<string, unknown>): string[] {
  return Object.keys(expected).flatMap((name) => {
    const [left, right] = [listed(expected[name]), listed(found[name])]
    const missing = left.filter((each) => !right.includes(each))
    const more = right.filter((each) => !left.includes(each))
    if (missing.length === 0 && more.length === 0 && left.length === right.length) return []
    return [
      `${name}: ${missing.length} missing, ${more.length} other than without kills; first missing ${missing[0] ?? 'none'}; first other ${more[0] ?? 'none'}`,
    ]
  })
}

const listed = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.map((each) => JSON.stringify(each))
    : Object.entries(value as object).map(([name, each]) => JSON.stringify([name, each]))
