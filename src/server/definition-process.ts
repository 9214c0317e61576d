/** A process that loads the definition of the folder that it is given, tells it, and ends: its code runs nowhere else before it is known. */
import { MillwrightError, messageOf } from '../base/errors.ts'
import { loadProject } from '../sdk/project-file.ts'

const folder = process.argv[2] ?? ''
try {
  const { definition } = await loadProject(folder)
  process.send?.({ definition }, () => process.exit(0))
} catch (error) {
  const { field, hint } = error instanceof MillwrightError ? error : { field: undefined, hint: undefined }
  process.send?.({ error: { message: messageOf(error), field, hint } }, () => process.exit(1))
}
