import { MillwrightError } from '../../base/errors.ts'
import { trackingLimits } from '../../contract/tracking.ts'
import { checkLength } from './names.ts'

/** Stores that clients write to by themselves; nothing here ever opens such an address. */
const stores = ['s3', 'gs', 'wasb', 'wasbs', 'abfs', 'abfss', 'hdfs', 'viewfs', 'dbfs', 'r2', 'oci']

const storesSaid = stores.map((store) => `${store}:`).join(', ')

/**
 * Where a client wants the artifacts of an experiment, when not in the control plane's own store.
 *
 * @throws `invalid-request` for files of this machine, for addresses of the web, and for whatever would be another place once it is resolved.
 */
export function checkArtifactLocation(location: string): void {
  checkStoreAddress(location, 'artifact_location', (why) => [
    `Invalid artifact location: ${why}`,
    `Leave it out, and artifacts are kept here; or name a store that clients reach by themselves: ${storesSaid}.`,
  ])
}

/** A model that lies where clients reach it by themselves. @throws as `checkArtifactLocation` */
export function checkModelSource(source: string): void {
  checkStoreAddress(source, 'source', (why) => [
    `Invalid model version source: ${why}`,
    `It is models:/…, runs:/…, mlflow-artifacts:/… of a run or a logged model, or in a store that clients reach by themselves: ${storesSaid}.`,
  ])
}

function checkStoreAddress(
  location: string,
  field: string,
  said: (why: string) => readonly [message: string, hint: string],
): void {
  const refuse = (why: string): MillwrightError => {
    const [message, hint] = said(why)
    return new MillwrightError('invalid-request', message, { field, hint })
  }
  checkLength(location, trackingLimits.artifactLocation, field)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(location)?.[1]?.toLowerCase()
  if (scheme === undefined || !stores.includes(scheme)) throw refuse('this is no store that may be used')
  const fault = hiddenPlace(location)
  if (fault !== null) throw refuse(fault)
}

/** Why an address would be another place once somebody resolves it; null where it is what it says. */
export function hiddenPlace(location: string): string | null {
  let text = location
  // Encoded once, twice, or more often.
  for (let round = 0; round < 5; round += 1) {
    if (/[\\#?;]|\p{Cc}/u.test(text) || text.split('/').some((part) => part === '..' || part === '.'))
      return 'it may not hold `..`, `#`, `?`, `;`, a backslash or a control character'
    let decoded: string
    try {
      decoded = decodeURIComponent(text)
    } catch {
      return 'a `%` in it stands for nothing'
    }
    if (decoded === text) return null
    text = decoded
  }
  return 'it is encoded over and over'
}
