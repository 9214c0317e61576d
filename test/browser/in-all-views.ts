import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import { seriousFindings } from './axe.ts'
import { picture, type View, visit } from './browser.ts'

export const wide: View = { width: 1280, height: 900, colorScheme: 'light' }
export const phone: View = { width: 390, height: 844, colorScheme: 'dark' }
const views: Record<string, View> = { 'wide-light': wide, 'wide-dark': { ...wide, colorScheme: 'dark' }, phone }

/** Leaves a picture of what the page shows now: nothing keeps people out, and nothing stands beside the page. */
async function look(page: Page, name: string): Promise<void> {
  const isBehindDialog = (await page.locator('dialog[open]').count()) > 0
  await picture(page, name, !isBehindDialog)
  expect(await seriousFindings(page), name).toEqual([])
  expect(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'), name).toBe(true)
}

/** Brings the page to what it is for; `lookAt` looks at what it shows on the way there, under a name of its own. */
type Ready = (page: Page, lookAt: (name: string) => Promise<void>) => Promise<unknown>

interface Looking {
  /** What the page may write to its console, as where a refusal is asked for. */
  mayWrite?: RegExp
  /** After the names of pictures. */
  suffix?: string
}

/**
 * Looks at a screen, and leaves a picture of it: nothing keeps people out, nothing stands beside the page or moves by itself, and nothing is
 * written to the console.
 */
export async function inView(
  browser: Browser,
  address: string,
  name: string,
  view: View,
  ready: Ready,
  { mayWrite = /^$/, suffix = '' }: Looking = {},
): Promise<void> {
  const { page, errors, shift, context } = await visit(browser, address, view)
  await ready(page, (what) => look(page, what + suffix))
  await look(page, name + suffix)
  const { by, what } = await shift()
  expect(by, `${name + suffix}: ${what.join('; ')}`).toBeLessThan(0.02)
  expect(
    errors.filter((error) => !mayWrite.test(error)),
    name + suffix,
  ).toEqual([])
  await context.close()
}

/** The same wide and narrow, light and dark. */
export async function inAllViews(
  browser: Browser,
  address: string,
  name: string,
  ready: Ready,
  looking: Omit<Looking, 'suffix'> = {},
): Promise<void> {
  for (const [viewName, view] of Object.entries(views))
    await inView(browser, address, name, view, ready, { ...looking, suffix: `-${viewName}` })
}
