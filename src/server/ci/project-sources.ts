import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SourceText } from '../../domain/delivery/locate.ts'
import { CodeFiles } from '../../domain/pipelines/code-files.ts'

export const configFile = 'millwright.config.ts'

/** The project's own code, the configuration first: where the lines of findings are looked for. */
export async function projectSources(projectDir: string): Promise<SourceText[]> {
  const names = await new CodeFiles(projectDir).reachable(configFile).then(
    ({ files }) => Object.keys(files),
    () => [configFile],
  )
  const inOrder = [configFile, ...names.filter((name) => name !== configFile && !name.startsWith('..'))]
  return Promise.all(
    inOrder.map(async (file) => ({
      file,
      lines: (await readFile(join(projectDir, file), 'utf8').catch(() => '')).split('\n'),
    })),
  )
}
