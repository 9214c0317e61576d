import { MillwrightError } from '../../base/errors.ts'
import { trackingLimits } from '../../contract/tracking.ts'

const allowed = /^[/\p{L}\p{N}_.\- :]*$/u
/** With a part that is empty, `.` or `..`. */
const otherPath = /(?:^|\/)\.{0,2}(?:\/|$)/

/**
 * A key of a metric, param or tag: letters, digits, `_ - . : /` and spaces, which as a path would be itself, since clients keep some of them as files.
 *
 * @throws `invalid-request` naming `field`.
 */
export function checkKey(key: string, field: string): void {
  const why = faultOf(key)
  if (why)
    throw new MillwrightError(
      'invalid-request',
      `Invalid value ${JSON.stringify(key.slice(0, 300))} for ${field}: ${why}`,
      { field },
    )
  checkLength(key, trackingLimits.key, field)
}

function faultOf(key: string): string | null {
  if (key === '') return 'it is empty'
  if (!allowed.test(key)) return 'letters, digits, underscores, dashes, periods, colons, spaces and slashes are allowed'
  if (otherPath.test(key)) return 'as a path it would be another: leave out empty parts, `.` and `..`'
  return null
}

/** @throws `invalid-request` for a text of more characters. */
export function checkLength(text: string, most: number, field: string): void {
  if (text.length <= most) return
  throw new MillwrightError('invalid-request', `${field} has ${text.length} characters, and ${most} are the most`, {
    field,
  })
}
