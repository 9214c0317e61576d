import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
export const chromiumPath = places.find((path) => path !== undefined && existsSync(path)) ?? null
export const whyNoBrowser = 'needs Chromium at /usr/bin/chromium or where $CHROMIUM says'

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath!,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

const pictures = fileURLToPath(new URL('../../test-results/', import.meta.url))

/** Writes what the page shows to `test-results/<name>.png`. */
export async function picture(page: Page, name: string, fullPage = true): Promise<void> {
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}${name}.png`, fullPage })
}

export interface Visit {
  context: BrowserContext
  page: Page
  /** Errors that the page wrote to its console, or threw. */
  errors: string[]
  /** How much of what was in sight has moved by itself, as browsers measure it (cumulative layout shift). */
  shift(): Promise<number>
}

export interface View {
  width: number
  height: number
  colorScheme: 'light' | 'dark'
}

export async function visit(browser: Browser, address: string, { width, height, colorScheme }: View): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, isMobile: width < 720 })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.addInitScript(`
    globalThis.shifted = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifted += entry.value
    }).observe({ type: 'layout-shift', buffered: true })
  `)
  await page.goto(address)
  return { context, page, errors, shift: () => page.evaluate<number>('globalThis.shifted') }
}
