import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { launchBrowser } from './browser.ts'
import { Script } from './script.ts'

/** A picture of one dot. */
const dot = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
)

export const began = Date.UTC(2026, 0, 1)
/** A loss that falls, the faster the higher the rate. */
export const course = (rate: number, steps: number, key = 'loss') =>
  Array.from({ length: steps }, (_, step) => ({
    key,
    value: 0.05 + Math.exp(-step * rate),
    step,
    timestamp: began + 1000 + step * 1000,
  }))

/** A control plane with an experiment of five runs, one of which left files, and a browser. */
export class LoggedRuns {
  private folder!: string
  server!: RunningServer
  script!: Script
  browser!: Browser
  /** The experiment, and its runs, the first first. */
  flights!: string
  readonly runs: string[] = []

  constructor() {
    beforeAll(() => this.open(), 120_000)
    afterAll(async () => {
      await this.browser?.close()
      await this.server?.close()
      rmSync(this.folder, { recursive: true, force: true })
    })
  }

  private async open(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'millwright experiments '))
    this.server = await startServer({ home: join(this.folder, 'home'), host: '127.0.0.1', port: 0 })
    this.script = new Script(this.server.address)
    this.flights = await this.script.experiment('flights')
    for (const [place, rate] of [0.02, 0.05, 0.1, 0.2, 0.4].entries()) {
      const run = await this.script.start(this.flights, `night-${place}`, began + place * 60_000)
      await this.script.log(run, {
        params: { rate: String(rate), optimizer: place % 2 ? 'adam' : 'sgd', layers: '3' },
        tags: { owner: place < 3 ? 'ada' : 'grace' },
        metrics: [
          ...course(rate, 60),
          ...course(rate, 60, 'val loss'),
          { key: 'system/cpu_utilization_percentage', value: 40 + place, step: 0, timestamp: began },
        ],
      })
      await this.script.end(run, place === 4 ? 'FAILED' : 'FINISHED', began + place * 60_000 + 45_000)
      this.runs.push(run)
    }
    const [first] = this.runs
    await this.script.input(first!, 'orders', 'abc123')
    await this.script.file(this.flights, first!, 'notes/read me.txt', 'a note about it')
    await this.script.file(this.flights, first!, 'rows.csv', 'a,b\n1,x\n2,y\n')
    await this.script.file(this.flights, first!, 'eval.json', '{"columns":["question","score"],"data":[["why",0.5]]}')
    await this.script.file(this.flights, first!, 'dot.png', dot)
    await this.script.file(this.flights, first!, 'page.html', '<script>document.title = "taken over"</script>')
    await this.script.experiment('wide')
    this.browser = await launchBrowser()
  }
}

/** The table of runs. */
export const table = (page: Page) => page.getByRole('grid', { name: 'Runs' })
/** The runs in it. */
export const names = (page: Page) => table(page).locator('tbody td.stays a').allTextContents()
