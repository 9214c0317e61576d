/**
 * Makes the pictures of docs/tour.md from a home that the quickstart left: `npm run tour -- HOME [FOLDER]`, into docs/tour/ unless told where. The
 * home is copied first, so that looking at it changes nothing of it. A page that does not show what the tour says fails, as does a picture that the
 * tour does not have.
 */
import { cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from 'millwright/client'
import type { Page } from 'playwright-core'
import { startServer } from '../../src/server/start.ts'
import { launchBrowser, visit } from '../../test/browser/browser.ts'

const [given, folderOfPictures] = process.argv.slice(2)
if (!given) throw new Error('say where the home of the quickstart is: npm run tour -- HOME [FOLDER]')
/** Of all pictures together, in bytes. */
const mostBytes = 1_000_000
const view = { width: 1280, height: 800, colorScheme: 'light' } as const
const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const pictures = folderOfPictures ?? join(docs, 'tour')

const folder = await mkdtemp(join(tmpdir(), 'millwright tour '))
await cp(given, join(folder, 'home'), { recursive: true })
const server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
await mkdir(pictures, { recursive: true })
const browser = await launchBrowser()
try {
  const client = createClient(server.address)
  const { runs } = await client.runs({ query: { limit: 50 } })
  const trained = runs.find(({ state, reason }) => state === 'succeeded' && reason !== 'by hand') ?? runs[0]!
  const { versions } = await client.modelVersions({ params: { model: 'late' } })
  const refused = versions.find(({ state }) => state === 'refused')!
  const stops: { name: string; path: string; shows: (page: Page) => Promise<unknown> }[] = [
    { name: 'overview', path: '/', shows: (page) => page.getByText('Frozen late@1').waitFor() },
    {
      name: 'pipeline',
      path: `/pipelines/${trained.pipeline}`,
      shows: (page) => page.locator('.graph-node').first().waitFor(),
    },
    { name: 'runs', path: '/runs', shows: (page) => page.locator('tbody tr').first().waitFor() },
    { name: 'run', path: `/runs/${trained.id}`, shows: (page) => page.getByText('evaluate').first().waitFor() },
    { name: 'data', path: '/data/flights', shows: (page) => page.locator('main tbody tr').first().waitFor() },
    { name: 'features', path: '/features/departures', shows: (page) => page.getByText('late_3h').first().waitFor() },
    { name: 'models', path: '/models/late', shows: (page) => page.locator('tbody tr').first().waitFor() },
    {
      name: 'refused',
      path: `/models/late/${refused.number}`,
      shows: (page) => page.getByText('refused').first().waitFor(),
    },
    { name: 'endpoint', path: '/endpoints/flights', shows: (page) => page.getByText('late@').first().waitFor() },
    { name: 'monitors', path: '/monitors/flights-quality', shows: (page) => page.locator('.u-wrap').first().waitFor() },
    { name: 'project', path: '/project', shows: (page) => page.getByText('Warn passengers').first().waitFor() },
    {
      name: 'delivery',
      path: '/delivery',
      shows: (page) => page.getByRole('heading', { name: 'Reproduced runs' }).waitFor(),
    },
    { name: 'events', path: '/events?level=bad', shows: (page) => page.locator('.timeline li').first().waitFor() },
  ]
  let sum = 0
  for (const { name, path, shows } of stops) {
    const { page, context, errors } = await visit(browser, server.address + path, view)
    await shows(page)
    await page.waitForTimeout(1_000)
    const file = join(pictures, `${name}.jpg`)
    await page.screenshot({ path: file, type: 'jpeg', quality: 46 })
    if (errors.length > 0) throw new Error(`${path}: ${errors.join('; ')}`)
    const { size } = await stat(file)
    sum += size
    console.log(`${name.padEnd(10)} ${(size / 1000).toFixed(0).padStart(4)} kB`)
    await context.close()
  }
  const told = [...(await readFile(join(docs, 'tour.md'), 'utf8')).matchAll(/\(tour\/(\w+)\.jpg\)/g)].map(
    ([, name]) => name!,
  )
  const made = stops.map(({ name }) => name)
  const differ = [...told.filter((name) => !made.includes(name)), ...made.filter((name) => !told.includes(name))]
  if (differ.length > 0) throw new Error(`docs/tour.md and these pictures differ: ${differ.join(', ')}`)
  if (sum > mostBytes) throw new Error(`the pictures have ${sum} bytes, more than ${mostBytes}`)
} finally {
  await browser.close()
  await server.close()
  await rm(folder, { recursive: true, force: true })
}
