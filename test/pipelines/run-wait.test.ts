import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from '../delivery/shop.ts'

const waiting = (file: string): string => `['sh', '-c', 'while [ ! -e "${file}" ]; do sleep 0.05; done']`

let folder: string
let server: RunningServer
let client: Client
beforeAll(async () => {
  folder = await projectFolder({ 'package.json': '{"type": "module"}' })
  await writeFile(
    join(folder, 'millwright.config.ts'),
    `import { command, defineProject, pipeline } from 'millwright'
const first = command('first', [], ${waiting(join(folder, 'go-first'))})
const second = command('second', [first], ${waiting(join(folder, 'go-second'))})
export default defineProject('shop', { pipelines: [pipeline('two', { steps: [second] })] })
`,
  )
  server = await startServer({ home: join(folder, '.millwright'), host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  await applyFolder(client, folder)
}, 60_000)
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

it('answers when the step or the run is over, or when the time is', { timeout: 60_000 }, async () => {
  const { run } = await client.startRun({ body: { pipeline: 'two' } })
  const asked = (query: { waitMs: number; step?: string }) => client.run({ params: { run: run.id }, query })
  const states = ({ run, steps }: Awaited<ReturnType<typeof asked>>) => [
    run.state,
    ...['first', 'second'].map((name) => steps.find(({ step }) => step === name)!.state),
  ]
  const begun = performance.now()
  expect((await asked({ waitMs: 300 })).run.state).toBe('running')
  expect(performance.now() - begun).toBeGreaterThanOrEqual(290)

  const [ofStep, ofRun] = [asked({ waitMs: 30_000, step: 'first' }), asked({ waitMs: 30_000 })]
  await writeFile(join(folder, 'go-first'), '')
  expect(states(await ofStep).slice(0, 2)).toEqual(['running', 'succeeded'])
  // What is over already is answered at once.
  expect(states(await asked({ waitMs: 30_000, step: 'first' })).slice(0, 2)).toEqual(['running', 'succeeded'])
  await writeFile(join(folder, 'go-second'), '')
  expect(states(await ofRun)).toEqual(['succeeded', 'succeeded', 'succeeded'])
  expect(states(await asked({ waitMs: 30_000 }))).toEqual(['succeeded', 'succeeded', 'succeeded'])
  await expect(client.run({ params: { run: 'run_none' }, query: { waitMs: 30_000 } })).rejects.toMatchObject({
    code: 'not-found',
  })
})
