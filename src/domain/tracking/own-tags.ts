import { MillwrightError } from '../../base/errors.ts'

/** Tags that clients of MLflow read: what a run is called, and the run that it is nested in. */
export const nameTag = 'mlflow.runName'
export const parentTag = 'mlflow.parentRunId'

/** What Millwright says of runs and experiments by tags, so that filters find it. */
const prefix = 'millwright.'

type OwnName =
  | 'pipeline'
  | 'run'
  | 'step'
  | 'element'
  | 'attempt'
  | 'definition'
  | 'package'
  | 'commit'
  | 'dirty'
  | 'changed_files'
  | 'command'
  | 'exit_code'
  | 'step_run'
  | 'state'
  | 'because'
  | 'reused_run'

export const ownTag = (name: OwnName): string => prefix + name
/** Of a dataset that was read, with the number of its version. */
export const dataTag = (dataset: string): string => `${prefix}data.${dataset}`

/**
 * Where a run comes from is no thing for the run to say.
 *
 * @throws `invalid-request` for a tag that only Millwright sets.
 */
export function checkForeignTag(key: string): void {
  if (key.startsWith(prefix))
    throw new MillwrightError('invalid-request', `the tag ${key.slice(0, 100)} is set by Millwright alone`, {
      field: 'key',
      hint: `Take a name that does not begin with ${prefix}`,
    })
}
