import type { ModelVersionRecord } from '../../contract/model.ts'
import type { RunRecord } from '../../contract/run.ts'
import type { RunRow } from '../../contract/run-row.ts'
import type { Query, RecordReader } from '../../ports/metadata.ts'

/** Characters of an error that a table has room for. */
const errorLength = 300

interface Wanted {
  pipeline?: string | undefined
  /** Only runs older than this one. */
  before?: string | undefined
  runs?: readonly string[] | undefined
  limit: number
}

/**
 * Runs in short with what came of them, newest first. Pages follow the id, which grows with time: the millionth is found as fast as the
 * first, and a run that begins meanwhile moves nothing.
 */
export async function runRows(records: RecordReader, { pipeline, before, runs, limit }: Wanted): Promise<RunRow[]> {
  const query: Query<'run'> = {
    where: {
      ...(pipeline === undefined ? {} : { pipeline }),
      ...(runs !== undefined ? { id: runs } : before !== undefined ? { id: { below: before } } : {}),
    },
    orderBy: { field: 'id', direction: 'desc' },
    limit,
  }
  const found = await records.find('run', query)
  if (found.length === 0) return []
  const versions = await records.find('model_version', { where: { runId: found.map(({ id }) => id) } })
  const madeBy = new Map(versions.map((version) => [version.runId, version]))
  return found.map((run) => rowOf(run, madeBy.get(run.id)))
}

function rowOf(run: RunRecord, version: ModelVersionRecord | undefined): RunRow {
  const { id, pipeline, state, startedBy, reason, params, source, environmentName, time } = run
  const { queuedAt, startedAt, endedAt, error } = run
  return {
    id,
    pipeline,
    state,
    startedBy,
    reason,
    params,
    commit: source.commit,
    environmentName,
    time,
    queuedAt,
    startedAt,
    endedAt,
    error: error === null ? null : error.slice(0, errorLength),
    model: version
      ? {
          version: version.id,
          state: version.state,
          passed: version.verdicts.filter(({ passed }) => passed).length,
          gates: version.verdicts.length,
          metrics: Object.fromEntries(
            Object.entries(version.evaluation?.candidate ?? {}).map(([name, { value }]) => [name, value]),
          ),
        }
      : null,
  }
}
