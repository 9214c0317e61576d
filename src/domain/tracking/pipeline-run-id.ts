const shape = /^(run_[0-9a-z]+)(?:-([a-z][a-z0-9_-]*))?$/i

/** Run, and step where it is of one, of what can be the id of a run of a pipeline, or of a step of one, as clients see it; null for any other. */
export function parsePipelineRunId(id: string): { runId: string; step: string | null } | null {
  const [, runId, step = null] = shape.exec(id) ?? []
  return runId === undefined ? null : { runId, step }
}

/** Steps have no slash in their ids here: clients would take it for that of a folder. */
export const stepRunId = ({ runId, step }: { runId: string; step: string }): string => `${runId}-${step}`
