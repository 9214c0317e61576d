import { execFileSync } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { python, runPython } from '../clients/mlflow.ts'
import { applyFolder, projectFolder } from '../delivery/shop.ts'

const example = fileURLToPath(new URL('../../examples/python-sklearn', import.meta.url))

const why = ((): string | null => {
  try {
    const wanted =
      'import importlib.metadata as m; [m.version(each) for each in ("mlflow", "scikit-learn", "skl2onnx")]'
    execFileSync(python, ['-c', wanted], { stdio: 'ignore' })
    return null
  } catch {
    return 'needs a Python with test/golden/requirements.txt installed, as .venv/bin/python or where $MILLWRIGHT_PYTHON says'
  }
})()

describe.skipIf(why !== null)(`the example in Python${why ? ` (skipped: ${why})` : ''}`, { timeout: 300_000 }, () => {
  let folder: string
  let server: RunningServer
  let predictor: RunningPredictor
  let client: Client
  beforeAll(async () => {
    folder = await projectFolder({ 'package.json': '{"type": "module"}' })
    await cp(example, folder, { recursive: true })
    // The Python that is here, instead of one made from the lock.
    const config = join(folder, 'millwright.config.ts')
    const text = await readFile(config, 'utf8')
    await writeFile(
      config,
      text
        .replace(/^const python = .*\n/m, '')
        .replaceAll('{ python, ', '{ ')
        .replaceAll("'python',", `${JSON.stringify(python)},`),
    )
    server = await startServer({ home: join(folder, '.millwright'), host: '127.0.0.1', port: 0 })
    client = createClient(server.address)
    const home = join(folder, 'predictor')
    predictor = await startPredictor({ home, host: '127.0.0.1', port: 0, server: server.address, version: 'test' })
    await applyFolder(client, folder)
  }, 60_000)
  afterAll(async () => {
    await predictor?.close()
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const ran = async () => {
    const { run, steps } = await client.startRun({ body: { pipeline: 'tumours', wait: true } })
    expect(run.error).toBeNull()
    return Object.fromEntries(steps.map((step) => [step.step, step]))
  }
  const ask = async (path: string, body?: object) => {
    const answer = await fetch(`${server.address}/api/2.0/mlflow${path}`, {
      ...(body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    })
    return (await answer.json()) as never
  }

  it('an unchanged script is trained, tracked, judged, registered, deployed and logged', async () => {
    await expect.poll(() => server.plane.sessions.connected().length, { timeout: 20_000 }).toBe(1)
    const { train, judge, register } = await ran()
    const { run } = (await ask(`/runs/get?run_id=${train!.trackedRun}`)) as {
      run: {
        info: { status: string }
        data: { metrics: { key: string; value: number }[]; params: { key: string }[] }
        outputs: { model_outputs: { model_id: string }[] }
      }
    }
    expect(run.info.status).toBe('FINISHED')
    const logged = Object.fromEntries(run.data.metrics.map(({ key, value }) => [key, value]))
    expect(logged.held_auc).toBeGreaterThan(0.98)
    expect(logged.training_accuracy_score).toBeGreaterThan(0.9)
    expect(run.data.params.map(({ key }) => key)).toContain('logisticregression__C')
    const { model } = (await ask(`/logged-models/${run.outputs.model_outputs[0]!.model_id}`)) as {
      model: { info: { status: string; name: string } }
    }
    expect(model.info).toMatchObject({ status: 'LOGGED_MODEL_READY', name: 'model' })

    const { evaluation } = judge!.output as never as { evaluation: { candidate: { auc: { value: number } } } }
    expect(evaluation.candidate.auc.value).toBeCloseTo(logged.held_auc!, 9)
    expect(register!.output).toEqual({ version: 'tumours@1', registered: true, endpoint: 'tumours' })
    const { versions } = await client.modelVersions({ params: { model: 'tumours' } })
    expect(versions[0]).toMatchObject({ state: 'registered', runId: train!.runId })
    expect(versions[0]!.verdicts.map(({ gate, passed }) => [gate, passed])).toEqual([
      ['auc at least 0.97', true],
      ['beats the baseline on auc by 0.05', true],
      [expect.stringContaining('calibrat'), true],
    ])

    const held = train!.artifacts.find(({ name }) => name === 'scores.csv')!
    const rows = Buffer.from(await server.plane.data.blobs.get(held.hash))
      .toString()
      .trim()
      .split('\n')
    const features = (await readFile(await pathOf('held.csv'), 'utf8')).trim().split('\n')
    const values = features[1]!.split(',').slice(0, -1).map(Number)
    const response = await fetch(`${predictor.address}/v2/models/tumours/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: [{ name: 'X', shape: [1, 30], datatype: 'FP32', data: values }] }),
    })
    expect(response.status).toBe(200)
    const { outputs } = (await response.json()) as { outputs: { name: string; data: number[] }[] }
    const answered = outputs.find(({ name }) => name === 'probabilities')!.data[1]!
    expect(answered).toBeCloseTo(Number(rows[1]!.split(',')[1]), 4)
    await expect
      .poll(async () => (await client.predictions({ query: { endpoint: 'tumours' } })).predictions.length, {
        timeout: 20_000,
      })
      .toBe(1)
  })

  it('the client of Python sees the pipeline, its steps and what the program logged', async () => {
    const script = join(folder, 'look.py')
    await writeFile(
      script,
      `import json, mlflow
from mlflow import MlflowClient
client = MlflowClient()
[experiment] = [each for each in client.search_experiments() if each.name == 'tumours']
[parent] = client.search_runs([experiment.experiment_id], "tags.\`mlflow.parentRunId\` IS NULL")
nested = client.search_runs([experiment.experiment_id], f"tags.\`mlflow.parentRunId\` = '{parent.info.run_id}'", order_by=['run_name'])
[judge] = [each for each in nested if each.info.run_name == 'judge']
frame = mlflow.search_runs(experiment_names=['tumours'], filter_string='metrics.auc > 0.9', order_by=['metrics.auc DESC'])
train = [each for each in nested if each.info.run_name == 'train'][0]
model = mlflow.sklearn.load_model(f'models:/{train.outputs.model_outputs[0].model_id}')
try:
    client.set_tag(parent.info.run_id, 'a', 'b')
    refused = ''
except mlflow.exceptions.MlflowException as error:
    refused = error.message
print(json.dumps({
    'nested': [each.info.run_name for each in nested],
    'auc': [parent.data.metrics['auc'], judge.data.metrics['auc']],
    'found': sorted(frame['run_id']) == sorted([parent.info.run_id, judge.info.run_id]),
    'artifacts': [each.path for each in client.list_artifacts(judge.info.run_id)],
    'read': json.loads(open(client.download_artifacts(judge.info.run_id, 'evaluation.json')).read())['rows'],
    'history': [point.value for point in client.get_metric_history(judge.info.run_id, 'auc')],
    'model': type(model).__name__,
    'refused': refused,
}))`,
    )
    const seen = JSON.parse((await runPython(script, [], server.address)).trim().split('\n').at(-1)!)
    expect(seen).toMatchObject({
      nested: ['judge', 'register', 'rows', 'train'],
      found: true,
      artifacts: ['evaluation.json'],
      read: 200,
      history: [seen.auc[0]],
      model: 'Pipeline',
      refused: expect.stringContaining('only read here'),
    })
    expect(seen.auc[1]).toBe(seen.auc[0])
  })

  it('a model that does not pass is kept as refused and answers nowhere; what did not change is not run again', async () => {
    const config = join(folder, 'millwright.config.ts')
    await writeFile(config, (await readFile(config, 'utf8')).replace("atLeast('auc', 0.97)", "atLeast('auc', 0.9999)"))
    const script = join(folder, 'train.py')
    await writeFile(script, (await readFile(script, 'utf8')).replace('C=0.5', 'C=0.0001'))
    await applyFolder(client, folder)
    const { rows, train, register } = await ran()
    expect([rows!.state, train!.state]).toEqual(['reused', 'succeeded'])
    expect(register!.output).toEqual({ version: 'tumours@2', registered: false, endpoint: null })
    const { endpoints } = await client.endpoints()
    expect(endpoints.find(({ endpoint }) => endpoint.id === 'tumours')?.endpoint.serving).toBe('tumours@1')
  })

  /** Of a table that the first step left. */
  async function pathOf(name: string): Promise<string> {
    const [step] = (await server.plane.data.metadata.find('step', { where: { state: 'succeeded' } })).filter(
      ({ step }) => step === 'rows',
    )
    return server.plane.data.blobs.pathOf(step!.artifacts.find((artifact) => artifact.name === name)!.hash)
  }
})
