import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
export const chromiumPath = places.find((path) => path !== undefined && existsSync(path)) ?? null
export const whyNoBrowser = 'needs Chromium at /usr/bin/chromium or where $CHROMIUM says'

export async function launchBrowser(): Promise<Browser> {
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

/** How much of what was in sight has moved by itself, as browsers measure it (cumulative layout shift), and what it was. */
export interface Shift {
  by: number
  what: string[]
}

export interface Visit {
  context: BrowserContext
  page: Page
  /** Errors that the page wrote to its console, or threw. */
  errors: string[]
  shift(): Promise<Shift>
}

export interface View {
  width: number
  height: number
  colorScheme: 'light' | 'dark'
}

/** A page that notes what moves in it. */
export async function watchedPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.addInitScript(`
    globalThis.shifted = { by: 0, what: [] }
    const nameOf = (node) => (node?.outerHTML ?? node?.textContent ?? 'what is gone').slice(0, 80)
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, value, sources } of list.getEntries()) {
        if (hadRecentInput) continue
        shifted.by += value
        for (const { node, previousRect, currentRect } of sources)
          shifted.what.push(nameOf(node) + ' from ' + previousRect.y + ' to ' + currentRect.y)
      }
    }).observe({ type: 'layout-shift', buffered: true })
  `)
  return page
}

export const shiftOf = (page: Page): Promise<Shift> => page.evaluate<Shift>('globalThis.shifted')

export async function visit(browser: Browser, address: string, { width, height, colorScheme }: View): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, isMobile: width < 720 })
  const page = await watchedPage(context)
  page.setDefaultTimeout(20_000)
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(address)
  return { context, page, errors, shift: () => shiftOf(page) }
}
