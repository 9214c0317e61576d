import { MillwrightError } from '../base/errors.ts'
import { statusOf } from '../contract/errors.ts'

/** Status and message of a request that could not be answered, as the Open Inference Protocol has them: `{error: string}`. */
export function refusalOf(error: unknown): { status: number; message: string } {
  if (error instanceof MillwrightError) {
    const hint = error.hint ? ` ${error.hint}` : ''
    return { status: statusOf(error.code), message: `${error.message}.${hint}`.replace('..', '.') }
  }
  const status = error instanceof URIError ? 400 : ((error as { statusCode?: number }).statusCode ?? 500)
  const message = status === 500 ? 'something went wrong here' : `${(error as Error).message}.`.replace('..', '.')
  return { status, message }
}
