import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { registerModelFile } from '../../src/domain/registry/model-file.ts'
import { startServer } from '../../src/server/start.ts'
import { runPython, withoutMlflow } from './mlflow.ts'

it.skipIf(withoutMlflow !== null)(
  `the mlflow client reads a model that was made here as one of its own${withoutMlflow ? ` (skipped: it ${withoutMlflow})` : ''}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millwright own models '))
    const server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
    const { registry, data, modelRunner } = server.plane
    const bytes = await readFile(new URL('../golden/linear.onnx', import.meta.url))
    const services = { blobs: data.blobs, runner: modelRunner, registry }
    await registerModelFile({ model: 'own', bytes, actor: 'user:ada', previous: null }, services)
    await registry.setAlias('own', 'production', '1', 'user:ada', 'a test')
    const script = fileURLToPath(new URL('own_models.py', import.meta.url))
    const seen = JSON.parse(await runPython(script, [], server.address))
    expect(seen).toMatchObject({
      status: 'READY',
      tags: { 'millwright.state': 'registered' },
      aliases: ['production'],
      flavors: ['onnx', 'python_function'],
      loader: 'mlflow.onnx',
      data: 'model.onnx',
      listed: ['MLmodel', 'conda.yaml', 'model.onnx', 'python_env.yaml', 'requirements.txt'],
    })
    expect(Object.keys(seen.files)).toEqual(seen.listed)
    expect(seen.files['model.onnx']).toBe(bytes.length)
    expect([null, 'ModelProto']).toContain(seen.loaded)
    await server.close()
    await rm(folder, { recursive: true, force: true })
  },
  120_000,
)
