import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tsImport } from 'tsx/esm/api'
import { MillwrightError, messageOf } from '../base/errors.ts'
import type { Definition } from '../contract/definition.ts'
import type { Project } from './project.ts'

const fileName = 'millwright.config.ts'

/** The nearest folder, from here upwards, with a project in it. */
export function findProject(from: string): string | null {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, fileName))) return folder
    if (folder === dirname(folder)) return null
  }
}

/**
 * Loads a project's definition, without a build.
 *
 * @throws `not-found` without a project, `invalid-definition` with what went wrong in it.
 */
export async function loadProject(folder: string): Promise<{ definition: Definition; projectDir: string }> {
  const projectDir = realpathSync(resolve(folder))
  const path = join(projectDir, fileName)
  if (!existsSync(path)) {
    throw new MillwrightError('not-found', `there is no ${fileName} in ${projectDir}`, {
      hint: 'Make a project with `millwright init`, or name its folder with --project.',
    })
  }
  let project: Project | undefined
  try {
    // From the sources tsx is loaded already and knows the condition under which `millwright` means them.
    const loaded = import.meta.url.endsWith('.ts')
      ? await import(pathToFileURL(path).href)
      : await tsImport(pathToFileURL(path).href, import.meta.url)
    project = (loaded.default?.default ?? loaded.default) as Project | undefined
  } catch (error) {
    throw error instanceof MillwrightError ? error : notDefined(error)
  }
  if (typeof project?.define !== 'function') {
    throw new MillwrightError('invalid-definition', `${fileName} does not export a project`, {
      hint: 'Write `export default defineProject(…)`.',
    })
  }
  try {
    const definition = project.define((file) => relative(projectDir, realpathSync(file)))
    return { definition, projectDir }
  } catch (error) {
    throw error instanceof MillwrightError ? error : notDefined(error)
  }
}

/** What the schema of definitions says, with the place. */
function notDefined(cause: unknown): MillwrightError {
  const issue = (cause as { issues?: { path: PropertyKey[]; message: string }[] }).issues?.[0]
  if (!issue) return new MillwrightError('invalid-definition', `${fileName}: ${messageOf(cause)}`, { cause })
  const field = issue.path.map(String).join('.')
  return new MillwrightError('invalid-definition', `${fileName}: ${field} ${issue.message}`, { field, cause })
}
