import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  id: string
  impact: 'minor' | 'moderate' | 'serious' | 'critical'
  nodes: { target: string[]; failureSummary: string }[]
}

/**
 * What keeps people out of the page as it is now, by the rules of WCAG 2.2 A and AA and axe's own practices: each serious finding with its
 * places, in words.
 */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(source)
  // Colours on their way from one state to the next have no contrast of their own.
  await page.waitForTimeout(150)
  const violations = await page.evaluate<Finding[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 5)
        .map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary.replaceAll('\n', ' ')}`),
    )
}
