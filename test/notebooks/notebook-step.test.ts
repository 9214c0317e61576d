import { execFileSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StepRecord } from '../../src/contract/run.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { fetchInputs } from '../../src/server/reproduce/main.ts'
import { makeAgain } from '../../src/server/reproduce/make-again.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from '../delivery/shop.ts'
import { type CellText, notebookOf } from './notebook-file.ts'
import { whyNoNotebooks } from './python-with-notebooks.ts'

const why = whyNoNotebooks()
const whole = await readFile(
  fileURLToPath(new URL('../../examples/notebook/requirements.txt', import.meta.url)),
  'utf8',
)
/** What executes notebooks, without the tables of the example: made in a third of the time. */
const lock = whole.replaceAll(/^(numpy|pandas|pyarrow)==.*\n/gm, '')
const secret = 'kept-by-nobody-7c1d'

/** A project with one notebook, `explore`, that needs a step `rows`. */
const files = (cells: readonly CellText[], options = '', params = '{ rate: 0.5 }') => ({
  'millwright.config.ts': `import { defineProject, environment, notebook, pipeline, seconds, step } from 'millwright'
import { rows } from './rows.ts'
void [seconds, step]
const explore = notebook('explore', [rows], 'notebooks/explore.ipynb', { python: { lock: 'requirements.txt' }, ${options} })
export default defineProject('trips', {
  pipelines: [pipeline('study', { params: ${params}, steps: [explore] })],
  environments: [environment('test', { secrets: { TOKEN: { env: 'TRIPS_TOKEN' } } })],
})
`,
  'rows.ts': `import { step } from 'millwright'
export const rows = step('rows', [], async (context) => {
  await context.artifact('rows.csv', 'a\\n1\\n2\\n')
  return { count: 2 }
})
`,
  'notebooks/explore.ipynb': notebookOf(...cells),
  'requirements.txt': lock,
  'package.json': '{"name": "trips", "private": true, "type": "module"}',
})
const parameters: CellText = ['rate = 0.1\nnames = ["a"]\nlabel = None', 'parameters']

describe.skipIf(why)(`a notebook as a step${why ? ` (skipped: ${why})` : ''}`, () => {
  const folders: string[] = []
  let home: string
  let server: RunningServer
  let client: Client

  beforeAll(async () => {
    process.env.TRIPS_TOKEN = secret
    home = await projectFolder({})
    folders.push(home)
    server = await startServer({ home, host: '127.0.0.1', port: 0, environment: 'test' })
    client = createClient(server.address)
  })
  afterAll(async () => {
    delete process.env.TRIPS_TOKEN
    await server?.close()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })

  const project = async (...given: Parameters<typeof files>): Promise<string> => {
    const folder = await projectFolder(files(...given))
    folders.push(folder)
    await applyFolder(client, folder)
    return folder
  }
  const run = async (more: object = {}): Promise<{ id: string; explore: StepRecord }> => {
    const { run, steps } = await client.startRun({ body: { pipeline: 'study', wait: true, ...more } })
    return { id: run.id, explore: steps.find(({ step }) => step === 'explore')! }
  }
  const copyOf = async ({ artifacts }: StepRecord) => {
    const { hash } = artifacts.find(({ type }) => type === 'notebook')!
    const answer = (await client.artifact({ params: { hash } })) as Response
    const text = await answer.text()
    return {
      text,
      cells: JSON.parse(text).cells as {
        source: string[]
        outputs: { text?: string[]; ename?: string }[]
        metadata: object
      }[],
    }
  }
  const logOf = async (id: string): Promise<string> =>
    ((await client.stepLog({ params: { run: id, step: 'explore' } })) as Response).text()

  const good: CellText[] = [
    parameters,
    [
      `import json, os, sys, warnings
inputs = json.load(open(os.environ['MILLWRIGHT_INPUTS']))
rows = open(inputs['rows']['artifacts'][0]['path']).read()
print('read', inputs['rows']['output']['count'])
print('to stderr', file=sys.stderr)
warnings.warn('careful')
print('the token is', os.environ['TOKEN'])
rate`,
    ],
    [
      `json.dump({'rate': rate, 'names': names, 'label': label, 'rows': rows, 'own': sys.prefix != sys.base_prefix}, open(os.environ['MILLWRIGHT_OUTPUT'], 'w'))
open(os.path.join(os.environ['MILLWRIGHT_ARTIFACTS'], 'note.md'), 'w').write('# Note')`,
    ],
  ]
  const given = `parameters: { rate: '{params.rate}', names: ['b', '{params.rate}'], label: 'x' }`

  it('has inputs, parameters of the run with their types, an output, artifacts, and its executed copy', async () => {
    const folder = await project(good, `${given}, yields: ['note.md']`)
    const { id, explore } = await run({ params: { rate: 2 } })
    expect([explore.error, explore.output]).toEqual([
      null,
      { rate: 2, names: ['b', 2], label: 'x', rows: 'a\n1\n2\n', own: true },
    ])
    expect(explore.artifacts.map(({ name, type }) => [name, type])).toEqual([
      ['note.md', 'report'],
      ['notebook.ipynb', 'notebook'],
    ])
    const { text, cells } = await copyOf(explore)
    expect(cells.map(({ source }) => source.join('')).slice(0, 2)).toEqual([
      good[0]![0],
      "rate = 2.0\nnames = ['b', 2]\nlabel = 'x'",
    ])
    expect(cells[1]!.metadata).toEqual({ tags: ['injected-parameters'] })
    expect(text).toContain('the token is [TOKEN]')
    expect(text).not.toContain(secret)
    const log = await logOf(id)
    expect(log).toMatch(/\[2 of 3\] import json[\s\S]*read 2/)
    expect(log).toContain('the token is [TOKEN]')

    // Again, in other processes at another time: the same bytes.
    const again = await run({ params: { rate: 2 }, force: true })
    expect(again.explore.artifacts).toEqual(explore.artifacts)

    // Whoever executes it in an editor changes nothing of its code.
    await writeFile(
      join(folder, 'notebooks/explore.ipynb'),
      JSON.stringify({
        ...JSON.parse(files(good)['notebooks/explore.ipynb']),
        metadata: { edited: true },
        cells: JSON.parse(text).cells.filter((cell: { id: string }) => cell.id !== 'injected-parameters'),
      }),
    )
    expect((await run({ params: { rate: 2 } })).explore).toMatchObject({ state: 'reused', output: explore.output })
    const other = await run({ params: { rate: 3 } })
    expect(other.explore).toMatchObject({ state: 'succeeded', because: expect.stringContaining('parameter rate') })
    await writeFile(join(folder, 'notebooks/explore.ipynb'), notebookOf(...good, ['1 + 1']))
    const changed = await run({ params: { rate: 2 } })
    expect(changed.explore.because).toContain('its code changed: notebooks/explore.ipynb')
  }, 600_000)

  it('is made again, byte for byte', async () => {
    await project([parameters, ['print(rate)']], 'parameters: { rate: 0.25 }')
    const { id } = await run()
    const inputs = await fetchInputs(client, id)
    const { report } = await makeAgain(inputs.inputs, inputs, { timeoutMs: 500_000 })
    expect([report.verdict, report.message]).toEqual(['identical', expect.stringContaining('2 steps made again')])
  }, 600_000)

  it('that fails names its cell and the last line of the exception, and keeps what it printed', async () => {
    await project([
      ['x = 1\nprint("so far")'],
      ['# a reason\nprint("just before")\n{}["lost"]', 'fit'],
      ['print("never")'],
    ])
    const { id, explore } = await run()
    expect([explore.state, explore.error]).toEqual([
      'failed',
      'Code cell 2 (tagged fit): `print("just before")` failed. KeyError: \'lost\'',
    ])
    const { cells } = await copyOf(explore)
    expect(cells.map(({ outputs }) => outputs.map((output) => output.text?.join('') ?? output.ename))).toEqual([
      ['so far\n'],
      ['just before\n', 'KeyError'],
      [],
    ])
    expect(await logOf(id)).toMatch(/Traceback[\s\S]*KeyError: 'lost'/)
  }, 300_000)

  it('whose process ends says how, and where', async () => {
    await project([['import os, signal'], ['print("on the edge", flush=True)\nos.kill(os.getpid(), signal.SIGKILL)']])
    const { explore } = await run()
    expect(explore.error).toBe(
      'Code cell 2 (code-1): `print("on the edge", flush=True)` ended the process of the notebook (killed by SIGKILL).',
    )
    expect((await copyOf(explore)).cells).toHaveLength(2)
  }, 300_000)

  it('that takes too long, or is stopped, is ended with its processes, and the copy is kept as far as it got', async () => {
    const mark = `slow-${process.pid}`
    const slow: CellText[] = [['print("quick")'], [`import time\nprint("${mark} waits", flush=True)\ntime.sleep(300)`]]
    await project(slow, 'timeout: seconds(15)')
    const { explore } = await run()
    expect(explore.error).toBe(
      'It ran longer than its limit of 15 s and was stopped. It was at code cell 2 (code-1): `import time`',
    )
    const printed = async (step: StepRecord) =>
      (await copyOf(step)).cells.map(({ outputs }) => outputs.map(({ text }) => text?.join('')))
    expect(await printed(explore)).toEqual([['quick\n'], [`${mark} waits\n`]])

    await project(slow)
    const { run: started } = await client.startRun({ body: { pipeline: 'study' } })
    await expect.poll(() => logOf(started.id).catch(() => ''), { timeout: 180_000 }).toContain(`${mark} waits`)
    await client.stopRun({ params: { run: started.id } })
    const { steps } = await client.run({ params: { run: started.id } })
    const stopped = steps.find(({ step }) => step === 'explore')!
    expect(stopped.state).toBe('stopped')
    expect(await printed(stopped)).toEqual([['quick\n'], [`${mark} waits\n`]])
    const alive = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n')
    expect(alive.filter((line) => line.includes('ipykernel_launcher') && line.includes(home))).toEqual([])
  }, 300_000)

  it.each([
    [
      'an unknown parameter',
      `parameters: { raet: 1 }`,
      'The notebook has no parameter `raet`. Did you mean `rate`? Its cell tagged `parameters` assigns: rate, names, label.',
    ],
    [
      'one of another type',
      `parameters: { rate: 'fast' }`,
      "The parameter `rate` is a number (0.1), not a text ('fast').",
    ],
  ])(
    'refuses %s before anything of it runs',
    async (_, options, error) => {
      await project([parameters, ['print("ran")']], options)
      const { id, explore } = await run()
      expect([explore.error, explore.artifacts]).toEqual([error, []])
      expect(await logOf(id)).not.toContain('[1 of')
    },
    300_000,
  )

  it('refuses what the pipeline does not have, and what Python has no literal for, when it is defined', async () => {
    await expect(
      project([parameters], `parameters: { rate: '{params.raet}' }`).then(() => run()),
    ).rejects.toMatchObject({
      code: 'invalid-definition',
      message: "The pipeline has no parameter 'raet'.",
    })
    await expect(project([parameters], 'parameters: { rate: { a: 1 } as never }')).rejects.toMatchObject({
      field: 'pipelines.study.steps.1.params.rate',
      message: expect.stringContaining('must be a number, a text, true, false, null, or a list of these'),
    })
    await expect(project([parameters], `params: { rate: 1 } as never`)).rejects.toMatchObject({
      code: 'invalid-definition',
      message: 'steps.explore.params: there is no "params" here',
    })
  })

  it('says what its lock lacks, with the lines to add', async () => {
    const folder = await projectFolder({ ...files([['1']]), 'requirements.txt': 'six==1.16.0\n' })
    folders.push(folder)
    await applyFolder(client, folder)
    const { explore } = await run()
    expect(explore.error).toBe(
      'A notebook needs nbclient and ipykernel, which requirements.txt does not bring: add the lines `nbclient==0.11.0` and `ipykernel==7.4.0`, and lock again where it is made by a tool.',
    )
  }, 300_000)
})
