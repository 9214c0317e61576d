/**
 * How the screens feel: `npm run bench:screens [address]`. Frames a second while a table of 100,000 rows scrolls and is sorted and a chart of a
 * million points is zoomed; and, given the address of a control plane, how long each of its screens takes until it can be used.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify from 'fastify'
import type { Page } from 'playwright-core'
import { serveScreens } from '../../src/server/screens.ts'
import { screens } from '../../src/ui/shell/screens.ts'
import { launchBrowser, visit } from '../../test/browser/browser.ts'
import { buildPage } from './build-page.ts'
import { measureManyRuns } from './many-runs.ts'
import { type Frames, measureTracked } from './tracked-runs.ts'

const view = { width: 1280, height: 900, colorScheme: 'light' } as const
const [address] = process.argv.slice(2)

/** Frames a second that came while something was done, and the longest time between two of them, in milliseconds. */
async function framesWhile(page: Page, work: () => Promise<void>): Promise<Frames> {
  await page.evaluate(`globalThis.frames_ = []; globalThis.isCounting = true;
    (function count(at) { frames_.push(at); if (isCounting) requestAnimationFrame(count) })(performance.now())`)
  await work()
  const frames = await page.evaluate<number[]>('(isCounting = false, frames_)')
  const gaps = frames.slice(1).map((at, index) => at - frames[index]!)
  const took = frames.at(-1)! - frames[0]!
  return { perSecond: ((frames.length - 1) / took) * 1000, longest: Math.max(...gaps) }
}

const say = (what: string, value: string, bound: string): void =>
  console.log(`${what.padEnd(46)} ${value.padStart(34)}   ${bound}`)
const framesSay = (what: string, { perSecond, longest }: Frames): void =>
  say(what, `${perSecond.toFixed(0)} frames/s, longest ${longest.toFixed(0)} ms`, '≥ 30')

console.log(`load ${loadavg()[0]!.toFixed(1)} before; Chromium without a graphics card`)
const folder = await mkdtemp(join(tmpdir(), 'millwright bench '))
const browser = await launchBrowser()
const app = fastify()
try {
  await buildPage(folder)
  serveScreens(app, async () => folder)
  const place = await app.listen({ host: '127.0.0.1', port: 0 })
  const { page, context } = await visit(browser, place, view)
  const table = page.locator('.table')
  await table.locator('tbody tr').first().waitFor()
  say(
    'nodes of a table of 100,000 rows',
    String(await page.evaluate(`document.querySelectorAll('.table *').length`)),
    '≤ 1,500',
  )
  await table.hover()
  framesSay(
    'table of 100,000 rows, by the wheel',
    await framesWhile(page, async () => {
      for (let turn = 0; turn < 60; turn += 1) {
        await page.mouse.wheel(0, 900)
        await page.waitForTimeout(16)
      }
    }),
  )
  framesSay(
    'the same, from end to end in steps',
    await framesWhile(page, async () => {
      for (let turn = 1; turn <= 40; turn += 1) {
        await page.evaluate(`document.querySelector('.table').scrollTop = ${turn * 80_000}`)
        await page.waitForTimeout(16)
      }
    }),
  )
  const sorted = await framesWhile(page, async () => {
    await page.getByRole('button', { name: 'Metric 3' }).click()
    await page.locator('th[aria-sort=descending]').waitFor()
    await page.waitForTimeout(50)
  })
  say('sorted by a column', `${sorted.longest.toFixed(0)} ms`, '≤ 500 ms')
  const plot = (await page.locator('.u-over').boundingBox())!
  const middle = plot.y + plot.height / 2
  framesSay(
    'chart of 1,000,000 points, under the pointer',
    await framesWhile(page, async () => {
      for (let turn = 0; turn < 60; turn += 1) {
        await page.mouse.move(plot.x + (plot.width * turn) / 60, middle)
        await page.waitForTimeout(16)
      }
    }),
  )
  const zooms: number[] = []
  for (let turn = 0; turn < 8; turn += 1) {
    const { longest } = await framesWhile(page, async () => {
      await page.mouse.move(plot.x + plot.width * 0.1, middle)
      await page.mouse.down()
      await page.mouse.move(plot.x + plot.width * 0.9, middle, { steps: 4 })
      await page.mouse.up()
      await page.waitForTimeout(50)
    })
    zooms.push(longest)
  }
  say(
    'the same, zoomed eight times',
    `longest frame ${Math.max(...zooms).toFixed(0)} ms, median ${zooms.sort((a, b) => a - b)[4]!.toFixed(0)} ms`,
    '≤ 33 ms',
  )
  await context.close()
  const runs = await measureManyRuns(browser, 100_000)
  say('runs screen, 100,000 runs: the newest after', `${runs.newest.toFixed(0)} ms`, '≤ 1,000 ms')
  say('the same, all of them after', `${(runs.all / 1000).toFixed(1)} s`, '')
  say('the same, filtered to one', `${runs.filtered.toFixed(0)} ms`, '≤ 500 ms')
  say('the same, nodes of the page', String(runs.nodes), '≤ 2,500')
  const tracked = await measureTracked(browser, { runs: 100_000, points: 1_000_000 }, framesWhile)
  say('experiments, 100,000 runs: the newest after', `${tracked.newest.toFixed(0)} ms`, '≤ 2,000 ms')
  say('the same, nodes of the page', String(tracked.nodes), '≤ 2,500')
  framesSay('the same with 1,000 metrics, down by the wheel', tracked.down)
  framesSay('the same, aside by the wheel', tracked.aside)
  say('the same, sorted by a metric', `${tracked.sorted.toFixed(0)} ms`, '≤ 2,000 ms')
  say('the same, filtered', `${tracked.filtered.toFixed(0)} ms`, '≤ 1,000 ms')
  say('a metric of 1,000,000 points: drawn after', `${tracked.chart.toFixed(0)} ms`, '≤ 2,000 ms')
  framesSay('the same, under the pointer', tracked.pointer)
  say('the same, a fifth of it in full after', `${tracked.zoomed.toFixed(0)} ms`, '≤ 1,000 ms')
  framesSay('the same, while it zooms', tracked.zoom)
  if (address) {
    for (const { path, title } of screens) {
      const times: number[] = []
      for (let turn = 0; turn < 5; turn += 1) {
        const { page, context } = await visit(browser, 'about:blank', view)
        const begun = performance.now()
        await page.goto(address + path)
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        await page.locator('main h1, main h2').first().waitFor({ state: 'attached' })
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        times.push(performance.now() - begun)
        await context.close()
      }
      times.sort((a, b) => a - b)
      say(
        `${title}: usable after`,
        `${times[2]!.toFixed(0)} ms (${times[0]!.toFixed(0)}–${times[4]!.toFixed(0)})`,
        '≤ 1,000 ms',
      )
    }
  }
} finally {
  await browser.close()
  await app.close()
  await rm(folder, { recursive: true, force: true })
}
