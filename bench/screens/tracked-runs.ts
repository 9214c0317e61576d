import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'libsql'
import type { Browser, Page } from 'playwright-core'
import { startServer } from '../../src/server/start.ts'
import { visit } from '../../test/browser/browser.ts'

export interface Frames {
  perSecond: number
  /** Milliseconds between two of them. */
  longest: number
}

/** The screens of experiments over a real control plane with very much in it. Times in milliseconds. */
export interface TrackedScreens {
  newest: number
  nodes: number
  down: Frames
  aside: Frames
  /** From the click on a head to the first row of the new order. */
  sorted: number
  /** From a filter typed to its rows. */
  filtered: number
  /** From the address to the picture of a million points. */
  chart: number
  pointer: Frames
  /** From the end of the dragging to the finer picture. */
  zoomed: number
  zoom: Frames
}

const metrics = 1_000
/** Of the metrics each run has so many; all of them have some runs. */
const metricsPerRun = 10
const began = Date.UTC(2026, 0, 1)

/** Rows at once, by the database itself: a hundred thousand runs one by one would take minutes. @returns the id of the run with the points. */
function fill(database: string, runs: number, points: number): string {
  const file = new Sqlite(database)
  const counted = (to: number) => `with recursive n(n) as (select 0 union all select n + 1 from n where n < ${to - 1})`
  for (const statement of [
    `${counted(metrics)} insert into metric_name (key, name) select n + 1, 'metric ' || n from n`,
    `insert into metric_name (key, name) values (${metrics + 1}, 'loss')`,
    `${counted(runs + 1)} insert into tracked_run (key, id, experiment, name, author, status, started_at, ended_at, deleted)
      select n + 1, printf('%032x', n), 0, 'run-' || n, 'ada', 'FINISHED', ${began} + n * 1000, ${began} + n * 1000 + 900, 0 from n`,
    `${counted(runs * metricsPerRun)} insert or ignore into metric_latest (run, metric, at, step, value, nan)
      select n / ${metricsPerRun} + 1, (n / ${metricsPerRun} * 13 + n % ${metricsPerRun} * 97) % ${metrics} + 1, ${began}, 0,
        (n * 7919 % 10007) / 10007.0, 0 from n`,
    `${counted(points)} insert into metric_point (run, metric, at, step, value, nan)
      select ${runs + 1}, ${metrics + 1}, ${began} + n * 10, n, 1.0 / (1 + n / 1000.0) + abs(random() % 1000) / 10000.0, 0 from n`,
    `insert into metric_latest select * from metric_point where run = ${runs + 1} order by step desc limit 1`,
  ])
    file.exec(statement)
  file.close()
  return runs.toString(16).padStart(32, '0')
}

export async function measureTracked(
  browser: Browser,
  { runs, points }: { runs: number; points: number },
  framesWhile: (page: Page, work: () => Promise<void>) => Promise<Frames>,
): Promise<TrackedScreens> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright bench tracked '))
  const server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
  try {
    const long = fill(join(folder, 'home', 'metadata.db'), runs, points)
    const view = { width: 1280, height: 900, colorScheme: 'light' } as const
    const { page, context } = await visit(browser, 'about:blank', view)
    const table = page.getByRole('grid', { name: 'Runs' })
    let from = performance.now()
    await page.goto(`${server.address}/experiments/0?columns=all`)
    await table.getByText(`run-${runs - 1}`, { exact: true }).waitFor()
    const newest = performance.now() - from
    await page.waitForTimeout(500)
    const nodes = await page.locator('*').count()
    await page.locator('.wide-table').hover()
    const turns = (deltaX: number, deltaY: number) => async () => {
      for (let turn = 0; turn < 60; turn += 1) {
        await page.mouse.wheel(deltaX, deltaY)
        await page.waitForTimeout(16)
      }
    }
    const down = await framesWhile(page, turns(0, 900))
    const aside = await framesWhile(page, turns(900, 0))
    await page.evaluate(`{ const box = document.querySelector('.wide-table'); box.scrollTop = 0; box.scrollLeft = 0 }`)
    await table.getByText(`run-${runs - 1}`, { exact: true }).waitFor()
    from = performance.now()
    await table
      .getByRole('columnheader', { name: /^metric / })
      .first()
      .getByRole('button')
      .click()
    await table.getByText(`run-${runs - 1}`, { exact: true }).waitFor({ state: 'detached', timeout: 60_000 })
    const sorted = performance.now() - from
    await page.getByRole('combobox', { name: 'Filter the runs' }).focus()
    from = performance.now()
    await page.keyboard.insertText("metrics.`metric 13` > 0.5 AND run_name LIKE 'run-1%'")
    await page.locator(`table[aria-rowcount="${runs + 2}"]`).waitFor({ state: 'detached', timeout: 60_000 })
    const filtered = performance.now() - from

    from = performance.now()
    await page.goto(`${server.address}/experiments/run/${long}?tab=charts`)
    await page.locator('.u-over').waitFor()
    const chart = performance.now() - from
    const plot = (await page.locator('.u-over').boundingBox())!
    const middle = plot.y + plot.height / 2
    const pointer = await framesWhile(page, async () => {
      for (let turn = 0; turn < 60; turn += 1) {
        await page.mouse.move(plot.x + (plot.width * turn) / 60, middle)
        await page.waitForTimeout(16)
      }
    })
    let zoomed = 0
    const zoom = await framesWhile(page, async () => {
      await page.mouse.move(plot.x + plot.width * 0.2, middle)
      await page.mouse.down()
      await page.mouse.move(plot.x + plot.width * 0.4, middle, { steps: 4 })
      const begun = performance.now()
      const finer = page.waitForResponse(/metric-courses/)
      await page.mouse.up()
      await finer
      zoomed = performance.now() - begun
      await page.waitForTimeout(100)
    })
    await context.close()
    return { newest, nodes, down, aside, sorted, filtered, chart, pointer, zoomed, zoom }
  } finally {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
}
