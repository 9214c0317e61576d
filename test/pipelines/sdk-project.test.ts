import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tsImport } from 'tsx/esm/api'
import { expect, test } from 'vitest'
import type { Project } from '../../src/sdk/project.ts'
import { runToEnd, withEngine } from './engine-setup.ts'

const sdk = fileURLToPath(new URL('../../src/sdk/index.ts', import.meta.url))
const config = `
import { defineProject, command, pipeline, step } from ${JSON.stringify(sdk)}
import { load } from './steps/load.ts'
const total = step('total', [load], async (context, { load }) => load.reduce((a, b) => a + b, 0) + Number(context.params.extra))
const shell = command('shell', [total], ['sh', '-c', 'echo {params.extra} > "$MILLWRIGHT_OUTPUT"'])
export default defineProject('demo', { pipelines: [pipeline('sums', { params: { extra: 5 }, steps: [shell] })] })
`
const load = `
import { step } from ${JSON.stringify(sdk)}
export const load = step('load', [], async () => [1, 2, 3])
`

test('a project written with the language runs: its functions are found in the warm processes, each keyed by its own module', async () => {
  await withEngine(
    { 'millwright.config.ts': config, 'steps/load.ts': load, 'package.json': '{"type":"module"}' },
    async (setup) => {
      const path = join(setup.projectDir, 'millwright.config.ts')
      const loaded = (await tsImport(path, import.meta.url)) as { default: Project & { default?: Project } }
      const project = loaded.default.default ?? loaded.default
      const definition = project.define((file) => relative(setup.projectDir, file))
      const sums = definition.pipelines.find((each) => each.name === 'sums')!
      const { run, steps } = await runToEnd(setup, sums)
      expect(run.error).toBeNull()
      expect(steps).toMatchObject({ load: { output: [1, 2, 3] }, total: { output: 11 }, shell: { output: 5 } })
      const code = Object.keys(steps.load!.keyParts!).filter((part) => part.startsWith('code '))
      expect(code).toContain('code steps/load.ts')
      expect(code).not.toContain('code millwright.config.ts')
    },
  )
})
