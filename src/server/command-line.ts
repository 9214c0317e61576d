import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { moduleUrl } from './module-url.ts'

/** Whether this is Millwright's sources, and no build of them. */
export const isFromSource = import.meta.url.endsWith('.ts')

/** Arguments of Node that start the command line of this Millwright, from the sources or from a build. */
export function commandLine(): string[] {
  const path = fileURLToPath(moduleUrl('../cli/main', import.meta.url))
  if (!isFromSource) return [path]
  return ['--conditions=millwright-source', '--import', typescriptLoader(), path]
}

/** What `--import` takes so that TypeScript loads without a build. */
export const typescriptLoader = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
