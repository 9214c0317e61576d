import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from '../browser/browser.ts'
import { inAllViews, wide } from '../browser/in-all-views.ts'
import { python, runPython, withoutMlflow } from '../clients/mlflow.ts'

const script = fileURLToPath(new URL('python_models.py', import.meta.url))

/** What the model needs, in the versions of the environment that makes it. */
function requirements(): string[] {
  const names = ['mlflow-skinny', 'pandas', 'numpy', 'cloudpickle']
  const code = 'import importlib.metadata as m, sys; print(*(f"{n}=={m.version(n)}" for n in sys.argv[1:]))'
  return execFileSync(python, ['-c', code, ...names], { encoding: 'utf8' })
    .trim()
    .split(' ')
}

const tensor = (name: string, datatype: string, data: unknown[]) => ({ name, datatype, shape: [data.length], data })
const inputs = (number: unknown[] = [1, 2]) => [
  tensor('number', 'FP64', number),
  tensor(
    'whole',
    'INT64',
    number.map(() => 1),
  ),
  tensor(
    'truth',
    'BOOL',
    number.map(() => true),
  ),
  tensor(
    'text',
    'BYTES',
    number.map(() => 'a'),
  ),
  tensor(
    'day',
    'BYTES',
    number.map(() => '2026-11-22'),
  ),
]

describe.skipIf(withoutMlflow)(`a Python model behind an endpoint (${withoutMlflow ?? python})`, () => {
  let home: string
  let server: RunningServer
  let predictor: RunningPredictor
  let client: Client
  const predictorOf = (address: string) =>
    startPredictor({ home: join(home, 'predictor'), host: '127.0.0.1', port: 0, server: address, version: 'test' })

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'millwright python model '))
    server = await startServer({ home: join(home, 'plane'), host: '127.0.0.1', port: 0 })
    client = createClient(server.address)
    predictor = await predictorOf(server.address)
    await until(async () => server.plane.sessions.connected().length > 0)
  })
  afterAll(async () => {
    await predictor?.close()
    await server?.close()
    await rm(home, { recursive: true, force: true })
  })

  async function until(holds: () => Promise<boolean>, limitMs = 30_000): Promise<void> {
    const deadline = Date.now() + limitMs
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`waited for ${limitMs / 1000} s`)
      await wait(50)
    }
  }
  async function ask(body: unknown): Promise<{ status: number; answer: Record<string, unknown> }> {
    const response = await fetch(`${predictor.address}/v2/models/every/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }
  const processes = (): number[] =>
    execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('serve_model.py') && line.includes(home) && !line.includes('/bin/sh'))
      .map((line) => Number.parseInt(line, 10))

  it('that the client registered is deployed as it is, in an environment made from its own requirements', async () => {
    await runPython(script, ['log', 'every', ...requirements()], server.address)
    const deployed = await client.deploy({ params: { endpoint: 'every' }, body: { version: '1', actor: 'user:ada' } })
    expect(deployed).toMatchObject({ version: 'every@1', state: 'serving' })
    const { status, answer } = await ask({ id: 'one', inputs: inputs() })
    expect(status).toBe(200)
    expect(answer).toMatchObject({
      model_name: 'every',
      model_version: '1',
      id: 'one',
      outputs: [
        { name: 'double', datatype: 'FP64', shape: [2], data: [2, 4] },
        { name: 'whole', datatype: 'INT64', data: [2, 2] },
        { name: 'not', datatype: 'BOOL', data: [false, false] },
        { name: 'text', datatype: 'BYTES', data: ['A', 'A'] },
        { name: 'day', datatype: 'BYTES', data: ['Sunday', 'Sunday'] },
        { name: 'extra', datatype: 'FP64', data: [null, null] },
      ],
    })
    const about = await (await fetch(`${predictor.address}/v2/models/every`)).json()
    expect(about).toMatchObject({ platform: 'python_pyfunc', versions: ['1'] })
  }, 600_000)

  it('is logged row by row, and a row is followed back to the run that made the model', async () => {
    const { answer } = await ask({ inputs: inputs([5]) })
    const id = (answer.parameters as { prediction_ids: string }).prediction_ids
    const find = async () => (await client.predictions({ query: { endpoint: 'every', id } })).predictions
    await until(async () => (await find()).length > 0)
    expect((await find())[0]).toMatchObject({
      version: 'every@1',
      inputs: { number: 5, text: 'a' },
      output: 10,
      score: 10,
    })
    // Which data made it, and who agreed: from the one row to what the script logged, and to who rolled it out.
    const { steps, tracked, rollout, graph } = await client.lineage({ params: { id }, query: { endpoint: 'every' } })
    expect(steps.map((step) => step.what)).toEqual([
      'prediction',
      'model version',
      'rollout',
      'logged model',
      'tracked run',
      ...(tracked?.run?.commit ? ['code'] : []),
      'logged dataset',
    ])
    expect(rollout).toMatchObject({ startedBy: 'user:ada' })
    expect(tracked).toMatchObject({
      model: { presence: 'here', name: 'model' },
      run: { presence: 'here', name: 'heron', status: 'FINISHED', experiment: { name: 'Default' } },
      step: null,
      inputs: [
        {
          name: 'readings',
          digest: expect.stringMatching(/^[0-9a-f]{8}$/),
          context: 'training',
          version: null,
          subject: expect.any(String),
        },
      ],
    })
    const kinds = new Map(graph.nodes.map((node) => [node.id, node.kind]))
    expect(graph.edges.map(({ from, to }) => `${kinds.get(from)} → ${kinds.get(to)}`)).toEqual(
      expect.arrayContaining([
        'logged dataset → tracked run',
        'tracked run → logged model',
        'logged model → model version',
        'model version → prediction',
        'endpoint → prediction',
      ]),
    )
    // What was sent is what the model read.
    expect([...kinds.values()]).not.toContain('features')
    const line = [fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url)), 'lineage']
    const millwright = async (of: string) =>
      (await promisify(execFile)(process.execPath, [...line, of, '--server', server.address])).stdout
    const said = await millwright(id)
    expect(said).toMatch(/^logged dataset +readings +[0-9a-f]{8}, training$/m)
    expect(said).toMatch(/^model version +every@1 +registered +model$/m)
    expect(said).toMatch(/^rolled out +by user:ada: /m)
    expect(await millwright('every@1')).toMatch(/^tracked run +heron +finished, in Default +.*readings/m)
  }, 60_000)

  it.skipIf(!chromiumPath)(
    `whose prediction is followed in a browser to its data and to who rolled it out (${chromiumPath ?? whyNoBrowser})`,
    async () => {
      const { predictions } = await client.predictions({ query: { endpoint: 'every', order: 'newest', limit: 1 } })
      const address = `${server.address}/predictions/${predictions[0]!.id}`
      const browser = await launchBrowser()
      await inAllViews(browser, address, 'prediction-of-a-client', async (page) => {
        await page
          .getByRole('region', { name: /^Lineage of/ })
          .getByText('heron')
          .waitFor()
        await page.getByText('Data that it logged').waitFor()
      })
      const { page, context, errors } = await visit(browser, address, wide)
      const behind = page.locator('.panel', { has: page.getByRole('heading', { name: 'Who and what is behind it' }) })
      await behind.getByText('user:ada').waitFor()
      await behind.getByRole('link', { name: 'readings' }).waitFor()
      await behind.getByRole('link', { name: 'heron' }).click()
      await page.getByRole('heading', { name: 'heron' }).waitFor()
      await page.goBack()
      const graph = page.getByRole('region', { name: /^Lineage of/ })
      // All runs that read the same data.
      await graph.getByRole('link', { name: /logged dataset/ }).click()
      await page.getByRole('grid', { name: 'Runs' }).getByRole('link', { name: 'heron' }).waitFor()
      expect(new URL(page.url()).searchParams.get('q')).toMatch(
        /^dataset\.name = 'readings' AND dataset\.digest = '\w+'$/,
      )
      expect(errors).toEqual([])
      await context.close()
      await browser.close()
    },
    120_000,
  )

  it('takes what its signature says, and nothing else', async () => {
    const wrong = await ask({ inputs: inputs(['one']) })
    expect(wrong).toMatchObject({
      status: 400,
      answer: { error: expect.stringMatching(/tensor "number" must be a number/) },
    })
    const missing = await ask({ inputs: inputs().slice(1) })
    expect(missing).toMatchObject({ status: 400, answer: { error: expect.stringMatching(/no tensor "number"/) } })
    const failed = await ask({ inputs: inputs([-3]) })
    expect(failed).toMatchObject({ status: 400, answer: { error: expect.stringMatching(/three is too much/) } })
  })

  it('whose process dies is unavailable, and answers again by itself', async () => {
    const [pid] = processes()
    process.kill(pid!, 'SIGKILL')
    await until(async () => (await ask({ inputs: inputs() })).status === 503)
    await until(async () => (await ask({ inputs: inputs() })).status === 200, 60_000)
    expect(processes()).not.toContain(pid)
  })

  it('answers after a restart from what the prediction service has, without the control plane and the run that made it', async () => {
    const { address } = server
    const search = { method: 'POST', headers: { 'content-type': 'application/json' } }
    const found = await fetch(`${address}/api/2.0/mlflow/runs/search`, {
      ...search,
      body: JSON.stringify({ experiment_ids: ['0'] }),
    })
    const { runs } = (await found.json()) as { runs: { info: { run_id: string } }[] }
    const deleted = await fetch(`${address}/api/2.0/mlflow/runs/delete`, {
      ...search,
      body: JSON.stringify({ run_id: runs[0]!.info.run_id }),
    })
    expect(deleted.status).toBe(200)
    await predictor.close()
    expect(processes()).toEqual([])
    await server.close()
    predictor = await predictorOf(address)
    await until(async () => (await ask({ inputs: inputs() })).status === 200, 60_000)
    server = await startServer({ home: join(home, 'plane'), host: '127.0.0.1', port: 0 })
  }, 120_000)
})
