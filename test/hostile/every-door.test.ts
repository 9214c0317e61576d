import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { ask, inParallel } from './ask.ts'
import { pause } from './raw.ts'

let folder: string
/** Nobody has to say who they are. */
let server: RunningServer
/** Everybody has to. */
let asking: RunningServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright doors '))
  const options = { host: '127.0.0.1', port: 0, logLevel: 'silent', testReset: true }
  server = await startServer({ ...options, home: join(folder, 'home') })
  mkdirSync(join(folder, 'asking'))
  createToken(join(folder, 'asking'), 'ada', 'admin')
  asking = await startServer({ ...options, home: join(folder, 'asking') })
}, 60_000)
afterAll(async () => {
  await server?.close()
  await asking?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const json = { 'content-type': 'application/json' }
/** As somebody comes through a proxy: not of this machine. */
const fromElsewhere = { 'x-forwarded-for': '8.8.8.8' }
const changes = ({ method }: { method: string }): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(method)
const pathOf = (url: string): string => url.replace(/:\w+|\*/g, 'x')

/** What anybody may ask, by its documents. */
const open = new Set([
  'GET /health',
  'GET /api/session',
  'POST /api/session',
  'GET /api',
  'GET /openapi.json',
  'GET /version',
  'GET /api/3.0/mlflow/server-info',
  'GET /ajax-api/3.0/mlflow/server-info',
  // The screens, which ask for their data by routes that are not open.
  'GET /*',
])
const isOpen = ({ method, url }: { method: string; url: string }) =>
  open.has(`${method === 'HEAD' ? 'GET' : method} ${url}`)

/** Routes of which a request did not end as it should, with how it ended. */
async function failing(
  chosen: (route: { method: string; url: string }) => boolean,
  asked: (route: { method: string; url: string }) => Promise<{ status: number; said: string; isRight: boolean }[]>,
): Promise<string[]> {
  const routes = server.routes.filter(chosen)
  expect(routes.length).toBeGreaterThan(40)
  const found: string[] = []
  await inParallel(routes, async (route) => {
    for (const { status, said, isRight } of await asked(route))
      if (!isRight) found.push(`${route.method} ${route.url}, ${said}: ${status}`)
  })
  return found
}

describe('a page of somebody else', () => {
  it('changes nothing by any route: its origin gives it away', async () => {
    const found = await failing(changes, async ({ method, url }) =>
      Promise.all(
        ['http://evil.example', 'null', 'http://127.0.0.1:1'].map(async (origin) => {
          const { status } = await ask(server.address, method, pathOf(url), { ...json, origin }, '{}')
          return { status, said: origin, isRight: status === 403 }
        }),
      ),
    )
    expect(found).toEqual([])
  })
  it('reads nothing by any route, and no route answers to a name that is not this machine', async () => {
    const found = await failing(
      () => true,
      async (route) => {
        const path = pathOf(route.url)
        const body = changes(route) ? '{}' : undefined
        const host = await ask(server.address, route.method, path, { ...json, host: 'evil.example' }, body)
        const part = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', origin: 'http://evil.example' }
        const site = await ask(server.address, route.method, path, { ...json, ...part }, body)
        return [
          { status: host.status, said: 'another host', isRight: host.status === 403 },
          { status: site.status, said: 'a part of a page', isRight: site.status === 403 || route.method === 'OPTIONS' },
        ]
      },
    )
    expect(found).toEqual([])
  })
  it('sends no form that is taken, also where a browser says no origin', async () => {
    const forms = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain;application/json',
    ]
    const found = await failing(
      ({ method }) => method === 'POST',
      async ({ url }) =>
        Promise.all(
          forms.map(async (form) => {
            const { status } = await ask(server.address, 'POST', pathOf(url), { 'content-type': form }, '{"name":"x"}')
            return { status, said: form, isRight: [400, 401, 404, 415].includes(status) }
          }),
        ),
    )
    expect(found).toEqual([])
  })
})

describe('where everybody has to say who they are', () => {
  it('no route answers without a token but those that are open', async () => {
    expect([...open].filter((name) => !asking.routes.some(({ method, url }) => `${method} ${url}` === name))).toEqual(
      [],
    )
    const found = await failing(
      (route) => !isOpen(route),
      async (route) => {
        const body = changes(route) ? '{}' : undefined
        const answers = await Promise.all([
          ask(asking.address, route.method, pathOf(route.url), { ...json, ...fromElsewhere }, body),
          // On this machine one may read without, also where a question has a body.
          ...(changes(route) && !/\/(search|search-datasets|get-latest-versions)$/.test(route.url)
            ? [ask(asking.address, route.method, pathOf(route.url), json, body)]
            : []),
        ])
        return answers.map(({ status }, place) => ({
          status,
          said: place === 0 ? 'from elsewhere' : 'from here',
          isRight: status === 401,
        }))
      },
    )
    expect(found).toEqual([])
  })

  const spellings: Record<string, (path: string) => string> = {
    'two slashes': (path) => `/${path}`,
    'two slashes within': (path) => path.replace(/^(\/[^/]+)\//, '$1//'),
    'the folder itself': (path) => `/.${path}`,
    'the folder itself, encoded': (path) => `/%2e${path}`,
    'a folder above': (path) => `/health/..${path}`,
    'a folder above, encoded': (path) => `/version/%2e%2e${path}`,
    'a folder above, in one part': (path) => `/health%2f..${path}`,
    'a slash at the end': (path) => `${path}/`,
    'a parameter': (path) => path.replace(/^(\/[^/]+)/, '$1;x=1'),
    'a parameter at the end': (path) => `${path};.json`,
    capitals: (path) => path.toUpperCase(),
    'a letter encoded': (path) => path.replace(/^\/(.)/, (_, sign: string) => `/%${sign.charCodeAt(0).toString(16)}`),
    'a slash encoded': (path) => path.replace(/(?<=.)\//, '%2f'),
    'a null byte': (path) => `${path}%00`,
    'a backslash': (path) => path.replace(/(?<=.)\//, '\\'),
    'an address': (path) => `http://127.0.0.1${path}`,
    'a fragment': (path) => `${path}#/health`,
    'a fragment before': (path) => `/health#${path}`,
  }
  it.each(Object.entries(spellings))(
    'no other spelling of an address leads past that: %s',
    { timeout: 120_000 },
    async (_, spell) => {
      const found = await failing(
        (route) => !isOpen(route) && route.method !== 'OPTIONS',
        async (route) => {
          const path = spell(pathOf(route.url))
          const body = changes(route) ? '{}' : undefined
          const { status, text } = await ask(asking.address, route.method, path, { ...json, ...fromElsewhere }, body)
          // What is left of a fragment is the open route before it.
          const isHealth = path.startsWith('/health#') && (text === '' || text.includes('"status":"ok"'))
          return [{ status, said: path, isRight: status >= 400 || isHealth }]
        },
      )
      expect(found).toEqual([])
    },
  )

  it('no other method, nor a header that names one, leads past that', async () => {
    const found = await failing(
      (route) => !isOpen(route) && changes(route) && !open.has(`GET ${route.url}`),
      async ({ method, url }) => {
        const path = pathOf(url)
        const headers = {
          ...fromElsewhere,
          'x-http-method-override': method,
          'x-forwarded-method': method,
          'x-original-url': '/health',
        }
        return Promise.all(
          ['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE'].map(async (other) => {
            const { status } = await ask(asking.address, other, path, headers)
            return { status, said: other, isRight: status >= 400 }
          }),
        )
      },
    )
    expect(found).toEqual([])
  })
})

describe('what somebody put here', () => {
  const run = 'd'.repeat(32)
  const mark = () => join(folder, 'unpickled')
  /** Whoever reads this as a pickle makes a file. */
  const bomb = () => `cposix\nsystem\n(S'touch "${mark()}"'\ntR.`
  const page = '<html><script>alert(1)</script>'
  const api = '/api/2.0/mlflow'
  const post = async (path: string, body: object) => ask(server.address, 'POST', api + path, json, JSON.stringify(body))
  let root: string
  let runId: string
  let hash: string

  beforeAll(async () => {
    const made = JSON.parse((await post('/runs/create', { experiment_id: '0', run_name: run })).text)
    runId = made.run.info.run_id
    root = `0/${runId}/artifacts`
    const put = async (path: string, text: string) => {
      const at = `/api/2.0/mlflow-artifacts/artifacts/${root}/${path}`
      const { status, headers } = await ask(server.address, 'PUT', at, { 'content-type': 'text/html' }, text)
      expect(status).toBe(200)
      return String(headers.etag).replaceAll('"', '')
    }
    hash = await put('page.html', page)
    for (const name of ['page.svg', 'page.js', 'page.xhtml', 'MLmodel']) await put(name, page)
    const flavor =
      'flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n    python_model: python_model.pkl\n'
    await put('model/MLmodel', flavor)
    for (const name of ['python_model.pkl', 'model.pkl', 'input_example.json', 'table.parquet'])
      await put(`model/${name}`, bomb())
    for (const name of ['pages', 'bombs']) await post('/registered-models/create', { name })
    await post('/model-versions/create', { name: 'pages', source: `mlflow-artifacts:/${root}`, run_id: runId })
    await post('/model-versions/create', { name: 'bombs', source: `runs:/${runId}/model`, run_id: runId })
  })

  it('is sent as bytes to be kept, whatever it is called and whatever is asked for', async () => {
    const names = ['page.html', 'page.svg', 'page.js', 'page.xhtml']
    const paths = names.flatMap((name) => [
      `/api/2.0/mlflow-artifacts/artifacts/${root}/${name}`,
      `/ajax-api/2.0/mlflow-artifacts/artifacts/${root}/${name}`,
      `/get-artifact?run_uuid=${runId}&path=${name}`,
      `/ajax-api/2.0/mlflow/get-artifact?run_id=${runId}&path=${name}&content_type=text/html`,
      `/model-versions/get-artifact?name=pages&version=1&path=${name}`,
      `/ajax-api/2.0/mlflow/model-versions/get-artifact?name=pages&version=1&path=${name}&mimetype=text/html`,
    ])
    for (const path of [...paths, `/api/artifacts/${hash}`]) {
      const { status, headers, text } = await ask(server.address, 'GET', path, { accept: 'text/html' })
      expect([path, status, text]).toEqual([path, 200, page])
      expect(headers['content-type']).toBe('application/octet-stream')
      expect(headers['content-disposition']).toMatch(/^attachment/)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['content-security-policy']).toMatch(/sandbox/)
    }
    const preview = await ask(server.address, 'GET', `/api/tracked-file-preview?run=${runId}&path=page.html`, {})
    expect([preview.status, preview.headers['content-type']]).toEqual([
      200,
      expect.stringContaining('application/json'),
    ])
  })

  it('is never read as a pickle', async () => {
    const asked = [
      ...['MLmodel', 'python_model.pkl', 'model.pkl', 'input_example.json', 'table.parquet'].flatMap((name) => [
        `/api/tracked-file-preview?run=${runId}&path=model/${name}`,
        `/model-versions/get-artifact?name=bombs&version=1&path=${name}`,
      ]),
      `/api/tracked-files?run=${runId}&path=model`,
      `${api}/model-versions/get?name=bombs&version=1`,
      `${api}/model-versions/get-download-uri?name=bombs&version=1`,
      '/api/models/bombs/versions',
      '/api/models/bombs/versions/1',
      '/api/models/bombs/versions/1/lineage',
      '/api/search?text=bombs',
    ]
    for (const path of asked) {
      const { status } = await ask(server.address, 'GET', path)
      expect([path, status < 500]).toEqual([path, true])
    }
    const bytes = { 'content-type': 'application/octet-stream' }
    for (const path of ['/api/models/bomb/files', '/api/packages']) {
      const { status } = await ask(server.address, 'POST', path, bytes, bomb())
      expect([path, status >= 400 && status < 500]).toEqual([path, true])
    }
    await post('/model-versions/create', { name: 'pages', source: 'models:/bombs/1' })
    await post('/model-versions/transition-stage', { name: 'bombs', version: '1', stage: 'Production' })
    await post('/registered-models/alias', { name: 'bombs', alias: 'production', version: '1' })
    await pause(500)
    expect(existsSync(mark())).toBe(false)
  })
})
