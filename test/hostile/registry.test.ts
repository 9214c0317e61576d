import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { givenRun } from '../tracking/given-run.ts'

const run = 'b'.repeat(32)
const root = `0/${run}/artifacts`
/** Sources that some reader takes for a file of the machine, an address of its network, or what belongs to others. */
const sources: Record<string, string> = {
  'a file': '/etc/passwd',
  'a relative file': 'model',
  'a file as an address': 'file:///etc/passwd',
  'a file, short': 'file:/etc/passwd',
  'a file of a host': 'file://localhost/etc/passwd',
  'a file in capitals': 'FILE:///etc/passwd',
  'a file behind a space': ' file:///etc/passwd',
  'the processes': '//proc/self/root',
  'the processes as a file': 'file:////proc/self/root',
  'a site': 'http://169.254.169.254/latest/meta-data',
  'a site over TLS': 'https://example.test/model',
  'its own address': 'http://127.0.0.1/api/2.0/mlflow-artifacts/artifacts/0',
  ftp: 'ftp://example.test/model',
  'a database': 'sqlite:///etc/passwd',
  'a script': 'javascript:alert(1)',
  data: 'data:text/plain,x',
  'folders above the run': `mlflow-artifacts:/${root}/../../..`,
  'folders above, of nothing': 'mlflow-artifacts:/../../../etc',
  'a host': `mlflow-artifacts://evil.test/${root}/model`,
  'no root': 'mlflow-artifacts:/',
  'another run': `mlflow-artifacts:/0/${'c'.repeat(32)}/artifacts/model`,
  'a fragment': `mlflow-artifacts:/${root}/model#/../../x`,
  'a query': `mlflow-artifacts:/${root}/model?x=../../x`,
  'a backslash': `mlflow-artifacts:/${root}\\..\\..\\x`,
  'a null byte': `mlflow-artifacts:/${root}/model\0`,
  'above a run': `runs:/${run}/../../x`,
  'a run with a host': `runs://evil.test/${run}/model`,
  'a run with a fragment': `runs:/${run}/model#x`,
  'above a bucket': 's3://bucket/../../etc',
  'a bucket with a fragment': 's3://bucket/model#/../x',
  'a model with a host': 'models://evil.test/secret/1',
  'above a model': 'models:/secret/../1',
  'a model and more': 'models:/secret/1/../../x',
  'a drive': 'C:\\Windows\\win.ini',
  'a share': '\\\\host\\share',
  'a line break': 's3://bucket/a\r\nset-cookie: x',
  nothing: ' ',
  'too long': `s3://bucket/${'x'.repeat(3000)}`,
}
const encodings: Record<string, (text: string) => string> = {
  'as it is': (text) => text,
  'encoded once': encodeURIComponent,
  'encoded twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'its signs encoded': (text) => text.replaceAll('..', '%2e%2e').replaceAll('\\', '%5c').replaceAll('#', '%23'),
  'its signs encoded twice': (text) =>
    text.replaceAll('..', '%252e%252e').replaceAll('\\', '%255c').replaceAll('#', '%2523'),
}

let folder: string
let server: RunningServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright sources '))
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0, logLevel: 'silent' })
  await givenRun(server, run)
  const file = `${server.address}/api/2.0/mlflow-artifacts/artifacts/${root}/model/MLmodel`
  await fetch(file, { method: 'PUT', body: 'flavors: {}' })
  for (const name of ['secret', 'm']) await post('/registered-models/create', { name })
  await post('/model-versions/create', { name: 'm', source: `runs:/${run}/model`, run_id: run })
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

const send = async (method: string, path: string, body?: object) => {
  const answer = await fetch(`${server.address}${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  })
  return { status: answer.status, text: await answer.text() }
}
const post = (path: string, body: object) => send('POST', `/api/2.0/mlflow${path}`, body)
const leak = /root:|node_modules|ENOENT|SQLITE|select |\/home\/|\/src\/|\n\s+at /
const count = () => server.plane.data.metadata.count('model_version')

describe.each(Object.entries(encodings))('a source %s', (_, encode) => {
  it.each(Object.entries(sources))('that is %s is refused, and nothing is registered', async (_, source) => {
    const before = await count()
    for (const said of [{}, { run_id: run }, { model_id: `m-${'f'.repeat(32)}` }, { run_id: '../..' }]) {
      const { status, text } = await post('/model-versions/create', { name: 'm', source: encode(source), ...said })
      expect([source, [400, 404].includes(status), status]).toEqual([source, true, status])
      expect(text).not.toMatch(leak)
    }
    expect(await count()).toBe(before)
  })
})

it('a link of the client to a run is told, and never opened', async () => {
  const asked = { name: 'm', source: 's3://bucket/model', run_link: 'http://169.254.169.254/latest' }
  expect((await post('/model-versions/create', asked)).status).toBe(200)
})

const hostileNames = [
  '../secret',
  '..',
  '.',
  '%2e%2e',
  '%252e%252e%252fsecret',
  'a/../../secret',
  'file:///etc/passwd',
  '//proc/self/environ',
  'http://127.0.0.1/',
  '..\\..\\secret',
  'secret\0',
  'secret#/1',
  "' OR 1=1 --",
  'secret@1',
  '__proto__',
]

it.each(hostileNames)('the name %j finds no model of another name, by any route', async (name) => {
  const asked = (values: Record<string, string>) => new URLSearchParams(values)
  const api = '/api/2.0/mlflow'
  const answers = [
    await send('GET', `${api}/registered-models/get?${asked({ name })}`),
    await send('GET', `${api}/registered-models/alias?${asked({ name, alias: 'a' })}`),
    await send('GET', `${api}/registered-models/alias?${asked({ name: 'm', alias: name })}`),
    await send('GET', `${api}/registered-models/get-latest-versions?${asked({ name })}`),
    await send('GET', `${api}/model-versions/get?${asked({ name, version: '1' })}`),
    await send('GET', `${api}/model-versions/get?${asked({ name: 'm', version: name })}`),
    await send('GET', `${api}/model-versions/get-download-uri?${asked({ name, version: '1' })}`),
    await send('GET', `/model-versions/get-artifact?${asked({ name, version: '1', path: 'MLmodel' })}`),
    await send('GET', `/model-versions/get-artifact?${asked({ name: 'm', version: name, path: 'MLmodel' })}`),
    await send('GET', `/model-versions/get-artifact?${asked({ name: 'm', version: '1', path: name })}`),
    await send('DELETE', `${api}/registered-models/delete`, { name }),
    await send('DELETE', `${api}/model-versions/delete`, { name: 'm', version: name }),
    await send('DELETE', `${api}/registered-models/alias`, { name, alias: 'a' }),
    await send('PATCH', `${api}/registered-models/update`, { name, description: 'x' }),
    await post('/registered-models/rename', { name, new_name: 'x' }),
    await post('/model-versions/transition-stage', { name, version: '1', stage: 'Production' }),
    await post('/registered-models/alias', { name, alias: 'a', version: '1' }),
    await post('/registered-models/alias', { name: 'm', alias: name === '__proto__' ? '../x' : name, version: '1' }),
  ]
  for (const { status, text } of answers) {
    expect([400, 404]).toContain(status)
    expect(text).not.toMatch(leak)
  }
  const found = await send(
    'GET',
    `${api}/model-versions/search?${asked({ filter: `name = "${name.replaceAll('"', '')}"` })}`,
  )
  expect([200, 400]).toContain(found.status)
  expect(found.text).not.toContain('model_versions')
})

it('what a version has is only served of a version', async () => {
  const { hash } = await server.plane.data.blobs.put(new TextEncoder().encode('[["a", "b", 1]]'))
  for (const path of [
    `models/${hash}/artifacts/a`,
    `models/${hash}/artifacts`,
    'models/x/artifacts/a',
    `models/${'0'.repeat(64)}/artifacts/MLmodel`,
  ])
    expect((await send('GET', `/api/2.0/mlflow-artifacts/artifacts/${path}`)).status).toBe(404)
})
