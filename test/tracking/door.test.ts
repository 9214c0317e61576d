import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'

let home: string
let server: RunningServer
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'millwright door '))
  server = await startServer({ home, host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await server.close()
  await rm(home, { recursive: true, force: true })
})

type Answer = { status: number; body: Record<string, never> & { error_code?: string; message?: string } }
async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${server.address}${path}`, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Answer['body'] }
}
const post = (path: string, body: unknown, headers = {}): Promise<Answer> =>
  send('POST', `/api/2.0/mlflow${path}`, body, headers)
const get = (path: string, headers = {}): Promise<Answer> => send('GET', `/api/2.0/mlflow${path}`, undefined, headers)
const newRun = async (): Promise<string> =>
  (
    (await post('/runs/create', { experiment_id: '0', start_time: '5' })).body as never as {
      run: { info: { run_id: string } }
    }
  ).run.info.run_id

it('numbers come as numbers or as text, unknown fields are not looked at, and what is not set is left out', async () => {
  const id = await newRun()
  const body = `{"run_id": "${id}", "key": "m", "value": NaN, "timestamp": "7", "step": 3, "of_tomorrow": {"x": 1}, "model_id": null}`
  expect(await post('/runs/log-metric', body)).toEqual({ status: 200, body: {} })
  expect(await post('/runs/log-metric', { run_uuid: id, key: 'm', value: '1.5e2', timestamp: 8 })).toEqual({
    status: 200,
    body: {},
  })
  const { body: got } = await get(`/runs/get?run_id=${id}`)
  expect(got).toEqual({
    run: {
      info: {
        run_uuid: id,
        run_id: id,
        run_name: expect.stringMatching(/^[a-z]+-[a-z]+-\d+$/),
        experiment_id: '0',
        user_id: '',
        status: 'RUNNING',
        start_time: 5,
        artifact_uri: `mlflow-artifacts:/0/${id}/artifacts`,
        lifecycle_stage: 'active',
      },
      data: {
        metrics: [{ key: 'm', value: 'NaN', timestamp: 7, step: 3 }],
        tags: [{ key: 'mlflow.runName', value: expect.any(String) }],
      },
      inputs: {},
      outputs: {},
    },
  })
  const history = await get(`/metrics/get-history?run_id=${id}&metric_key=m`)
  expect(history.body).toEqual({
    metrics: [
      { key: 'm', value: 'NaN', timestamp: 7, step: 3 },
      { key: 'm', value: 150, timestamp: 8, step: 0 },
    ],
  })
})

it('the screens of others ask under /ajax-api', async () => {
  const { body } = await send('GET', '/ajax-api/2.0/mlflow/experiments/get?experiment_id=0')
  expect(body).toMatchObject({ experiment: { name: 'Default', artifact_location: 'mlflow-artifacts:/0' } })
})

it.each([
  ['/runs/log-metric', { run_id: '' }, /run_id/],
  ['/runs/log-metric', { run_id: 'x', key: 'm', timestamp: 1 }, /value/],
  ['/runs/log-metric', { run_id: 'x', key: 'm', value: 'much', timestamp: 1 }, /value/],
  ['/runs/log-metric', { run_id: 'x', key: 'm', value: true, timestamp: 1 }, /value/],
  ['/runs/log-metric', { run_id: 'x', key: 'm', value: 1, timestamp: 1.5 }, /timestamp/],
  ['/runs/log-metric', { run_id: 'x', key: 'm', value: 1, timestamp: '1e400' }, /timestamp/],
  ['/runs/log-batch', { run_id: 'x', metrics: { key: 'm' } }, /metrics/],
  ['/runs/log-batch', { run_id: 'x', metrics: [3] }, /metrics\[0\]/],
  ['/runs/log-batch', { run_id: 'x', metrics: [{ key: 'm', value: 1 }] }, /metrics\[0\]\.timestamp/],
  ['/runs/log-batch', { run_id: 'x', params: [{ value: '1' }] }, /params\[0\]\.key/],
  ['/runs/create', { experiment_id: 0 }, /experiment_id/],
  ['/runs/create', { experiment_id: '0', tags: 'a' }, /tags/],
  ['/runs/update', { run_id: 'x', status: 'DONE' }, /status/],
  ['/experiments/create', { name: 7 }, /name/],
  ['/experiments/create', {}, /name/],
  ['/experiments/create', '[]', /object/],
  ['/experiments/create', '{"name": "a"', /./],
  ['/experiments/create', '{"__proto__": {"name": "a"}}', /name/],
])('%s with %j is refused with the name of what is wrong', async (path, body, message) => {
  const answer = await post(path, body)
  expect(answer).toMatchObject({
    status: 400,
    body: { error_code: 'INVALID_PARAMETER_VALUE', message: expect.stringMatching(message) },
  })
  expect(answer.body.message).not.toMatch(/\n\s+at |select |insert |node:|\/src\//i)
})

it.each([
  'file:///etc',
  '/etc',
  'http://127.0.0.1/x',
  'https://example.test/x',
  's3://bucket/../x',
  's3://bucket/%2e%2e/x',
  's3://bucket/%252e%252e/x',
  's3://bucket/a#b',
  's3://bucket/a?b',
  's3://bucket\\a',
  'S3:///../../x',
  'mlflow-artifacts:/../x',
  'runs:/a/b',
  'javascript://x',
  's3://bucket/%',
])('artifacts of an experiment cannot go to %s', async (artifact_location) => {
  const { status, body } = await post('/experiments/create', { name: artifact_location, artifact_location })
  expect({ status, body }).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } })
})

it('artifacts of an experiment can go to a store that its clients reach', async () => {
  const made = await post('/experiments/create', { name: 'elsewhere', artifact_location: 's3://bucket/a b/c/' })
  const { experiment_id } = made.body as never as { experiment_id: string }
  const run = await post('/runs/create', { experiment_id })
  expect(run.body).toMatchObject({
    run: { info: { artifact_uri: expect.stringMatching(/^s3:\/\/bucket\/a b\/c\/[0-9a-f]{32}\/artifacts$/) } },
  })
})

it('names of deleted experiments are free, and whoever comes back late is told', async () => {
  const idOf = async (): Promise<string> =>
    ((await post('/experiments/create', { name: 'again' })).body as never as { experiment_id: string }).experiment_id
  const first = await idOf()
  await post('/experiments/delete', { experiment_id: first })
  const second = await idOf()
  expect(second).not.toBe(first)
  expect((await get('/experiments/get-by-name?experiment_name=again')).body).toMatchObject({
    experiment: { experiment_id: second },
  })
  expect(await post('/experiments/restore', { experiment_id: first })).toMatchObject({
    status: 400,
    body: { error_code: 'RESOURCE_ALREADY_EXISTS' },
  })
  await post('/experiments/update', { experiment_id: second, new_name: 'other' })
  expect(await post('/experiments/restore', { experiment_id: first })).toMatchObject({ status: 200 })
})

it('many write into one run at once, and nothing is lost', async () => {
  const id = await newRun()
  const writes = Array.from({ length: 200 }, (_, place) =>
    post('/runs/log-batch', {
      run_id: id,
      metrics: [{ key: `m${place % 3}`, value: place, timestamp: place, step: place }],
      params: [{ key: `p${place % 50}`, value: String(place % 50) }],
      tags: [{ key: 'last', value: String(place) }],
    }),
  )
  expect(new Set((await Promise.all(writes)).map(({ status }) => status))).toEqual(new Set([200]))
  const { body } = await get(`/runs/get?run_id=${id}`)
  const { data } = (body as never as { run: { data: { metrics: { value: number }[]; params: unknown[] } } }).run
  expect(data.params).toHaveLength(50)
  expect(data.metrics.map(({ value }) => value)).toEqual([198, 199, 197])
  const lengths = await Promise.all(
    [0, 1, 2].map(async (each) => {
      const history = await get(`/metrics/get-history?run_id=${id}&metric_key=m${each}`)
      return (history.body as never as { metrics: unknown[] }).metrics.length
    }),
  )
  expect(lengths).toEqual([67, 67, 66])
})

it('a long history comes whole, or in pages that nobody can make up', async () => {
  const id = await newRun()
  for (let batch = 0; batch < 60; batch += 1) {
    const metrics = Array.from({ length: 1000 }, (_, place) => ({
      key: 'm',
      value: place,
      timestamp: batch,
      step: place,
    }))
    await post('/runs/log-batch', { run_id: id, metrics })
  }
  type History = { metrics: { timestamp: number; step: number }[]; next_page_token?: string }
  const whole = (await get(`/metrics/get-history?run_id=${id}&metric_key=m`)).body as never as History
  expect(whole.metrics.map(({ timestamp, step }) => timestamp * 1000 + step)).toEqual(
    Array.from({ length: 60_000 }, (_, place) => place),
  )
  const pages: History['metrics'] = []
  for (let token = ''; ; ) {
    const page = (await get(`/metrics/get-history?run_id=${id}&metric_key=m&max_results=7000&page_token=${token}`))
      .body as never as History
    pages.push(...page.metrics)
    if (!page.next_page_token) break
    token = page.next_page_token
  }
  expect(pages).toEqual(whole.metrics)
  for (const token of ['x', 'e30', 'W10', Buffer.from('"a"').toString('base64url')])
    expect((await get(`/metrics/get-history?run_id=${id}&metric_key=m&max_results=7&page_token=${token}`)).status).toBe(
      400,
    )
})

it('every change of a run and an experiment is an event with its actor', async () => {
  const { metadata } = server.plane.data
  const before = (await metadata.eventHead()).seq
  const id = await newRun()
  await post('/runs/update', { run_id: id, status: 'FAILED', end_time: 9 })
  await post('/runs/update', { run_id: id, status: 'FAILED', end_time: 9 })
  await post('/runs/delete', { run_id: id })
  await post('/runs/delete', { run_id: id })
  await post('/runs/restore', { run_id: id })
  await metadata.sealed()
  const events = await metadata.eventsAfter(before, 100)
  expect(events.map(({ type, subject, actor }) => [type, subject, actor])).toEqual(
    ['started', 'ended', 'deleted', 'restored'].map((what) => [
      `tracked-run.${what}`,
      `tracked-run:${id}`,
      'user:user',
    ]),
  )
})

it('a logged model is pending, ready, found, and gone, each told; its files are written where it is', async () => {
  const { metadata } = server.plane.data
  const before = (await metadata.eventHead()).seq
  type Model = { model: { info: { model_id: string; status: string; artifact_uri: string } } }
  const made = await post('/logged-models', { experiment_id: '0', name: 'm', params: [{ key: 'a', value: '1' }] })
  const { model_id: id, artifact_uri } = (made.body as never as Model).model.info
  expect(artifact_uri).toBe(`mlflow-artifacts:/0/models/${id}/artifacts`)
  const file = (of: string) =>
    fetch(`${server.address}/api/2.0/mlflow-artifacts/artifacts/0/models/${of}/artifacts/MLmodel`, {
      method: 'PUT',
      body: 'x',
    })
  expect((await file(id)).status).toBe(200)
  expect((await file(`m-${'f'.repeat(32)}`)).status).toBe(404)
  const patch = (path: string, body: unknown) => send('PATCH', `/api/2.0/mlflow/logged-models/${id}${path}`, body)
  expect(await patch('', { model_id: id, status: 'NOTHING' })).toMatchObject({ status: 400 })
  for (const status of ['LOGGED_MODEL_READY', 2, 'LOGGED_MODEL_READY'])
    expect((await patch('', { status })).body).toMatchObject({ model: { info: { status: 'LOGGED_MODEL_READY' } } })
  expect(await patch('/tags', { tags: [{ key: '../x', value: '' }] })).toMatchObject({ status: 400 })
  const params = (value: string) => post(`/logged-models/${id}/params`, { params: [{ key: 'b', value }] })
  expect([await params('1'), await params('1'), await params('2')].map(({ status }) => status)).toEqual([200, 200, 400])
  expect((await get(`/logged-models/${id}/artifacts/directories`)).body).toEqual({
    root_uri: artifact_uri,
    files: [{ path: 'MLmodel', is_dir: false, file_size: 1 }],
  })
  expect(
    (await post('/runs/log-metric', { run_id: await newRun(), key: 'm', value: 1, timestamp: 1, model_id: 'm-no' }))
      .status,
  ).toBe(404)
  for (let time = 0; time < 2; time += 1)
    expect((await send('DELETE', `/api/2.0/mlflow/logged-models/${id}`)).status).toBe(200)
  expect((await get(`/logged-models/${id}`)).status).toBe(404)
  expect((await get(`/logged-models/${id}?allow_deleted=true`)).status).toBe(200)
  expect((await file(id)).status).toBe(404)
  expect((await post('/logged-models/search', {})).status).toBe(400)
  await metadata.sealed()
  const events = (await metadata.eventsAfter(before, 100)).filter(({ subject }) => subject === `logged-model:${id}`)
  expect(events.map(({ type, actor }) => [type, actor])).toEqual(
    ['created', 'finished', 'deleted'].map((what) => [`logged-model.${what}`, 'user:user']),
  )
})

it('a viewer reads and a developer writes, by a token or as a password', async () => {
  const [viewer, developer] = [createToken(home, 'vera', 'viewer'), createToken(home, 'dev', 'developer')]
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const basic = (token: string) => ({ authorization: `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}` })
  const id = '0'
  for (const as of [bearer, basic]) {
    expect((await get(`/experiments/get?experiment_id=${id}`, as(viewer))).status).toBe(200)
    expect(await post('/runs/create', { experiment_id: id }, as(viewer))).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED' },
    })
    expect((await post('/runs/create', { experiment_id: id }, as(developer))).status).toBe(200)
    expect(await post('/runs/create', { experiment_id: id }, as('wrong'))).toMatchObject({
      status: 401,
      body: { error_code: 'UNAUTHENTICATED' },
    })
  }
  expect((await post('/runs/create', { experiment_id: id })).status).toBe(401)
})
