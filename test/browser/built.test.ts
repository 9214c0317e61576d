import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtScreens } from '../../src/server/built-screens.ts'
import { answerErrors } from '../../src/server/http/errors.ts'
import { serveScreens } from '../../src/server/screens.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from './browser.ts'

const mostScriptBytes = 170_000

describe('the built screens', () => {
  let folder: string
  let app: FastifyInstance
  const html = { accept: 'text/html,application/xhtml+xml' }

  beforeAll(async () => {
    folder = await builtScreens()
    app = fastify()
    answerErrors(app)
    serveScreens(app)
    await app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterAll(async () => {
    await app?.close()
  })

  test('the first page needs at most 170 kB of script, gzipped', () => {
    const page = readFileSync(join(folder, 'index.html'), 'utf8')
    const scripts = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path!)
    expect(scripts.length).toBeGreaterThan(0)
    const bytes = scripts.reduce((sum, path) => sum + gzipSync(readFileSync(join(folder, path))).length, 0)
    expect(bytes).toBeGreaterThan(20_000)
    expect(bytes).toBeLessThanOrEqual(mostScriptBytes)
  })

  test('every address of a screen gets the page, never from a cache, without leave for inline scripts or frames', async () => {
    for (const url of ['/', '/runs/run_01', '/models?stage=x', '/predictions/20010701-x-150.1841']) {
      const { statusCode, headers, body } = await app.inject({ url, headers: html })
      expect([url, statusCode, headers['cache-control']]).toEqual([url, 200, 'no-store'])
      expect(headers['content-type']).toContain('text/html')
      expect(body).toContain('<div id="root">')
      expect(body).not.toMatch(/<script(?![^>]*\bsrc=)/)
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'self'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
  })

  test('files whose names carry their hash are kept for good, and come compressed where that is understood', async () => {
    const [name] = readdirSync(join(folder, 'assets')).filter((file) => file.endsWith('.js'))
    const plain = await app.inject({ url: `/assets/${name}` })
    const packed = await app.inject({ url: `/assets/${name}`, headers: { 'accept-encoding': 'gzip, br' } })
    expect(plain.headers['cache-control']).toContain('immutable')
    expect(plain.headers['content-type']).toContain('text/javascript')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
    expect((await app.inject({ url: '/icon.svg' })).headers['cache-control']).toBe('no-store')
  })

  test('a wrong address of the API, of a file, or one that leaves the folder is not found, as the API says it', async () => {
    const wrong = ['/api/nothing', '/v2/nothing', '/assets/nothing.js', '/../package.json', '/%2e%2e/package.json']
    for (const url of wrong) {
      const { statusCode, body } = await app.inject({ url, headers: html })
      expect([url, statusCode]).toEqual([url, 404])
      expect(JSON.parse(body).error.code).toBe('not-found')
    }
    const { statusCode } = await app.inject({ url: '/runs', headers: { accept: 'application/json' } })
    expect(statusCode).toBe(404)
  })

  test.skipIf(!chromiumPath)(
    `a browser keeps to the policy: nothing that the page does breaks it (${chromiumPath ?? whyNoBrowser})`,
    async () => {
      const address = app.server.address()
      const browser = await launchBrowser()
      try {
        const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
        const { page, errors } = await visit(browser, url, { width: 1280, height: 900, colorScheme: 'light' })
        // No API behind it: what a page shows that has never heard of a server.
        await page.getByText('Nothing has been read yet').waitFor()
        expect(await page.locator('[data-stage]').count()).toBe(7)
        expect(errors.filter((error) => !error.includes('Failed to load resource'))).toEqual([])
      } finally {
        await browser.close()
      }
    },
  )
})
