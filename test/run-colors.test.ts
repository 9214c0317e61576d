import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runColors, runStyle } from '../src/ui/experiments/run-style.ts'

/** WCAG 2.2, relative luminance. */
function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
const contrast = (a: string, b: string): number => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

test.each([
  ['light', 0],
  ['dark', 1],
] as const)('compared runs have colours that stand out from what is behind them: %s', (_theme, place) => {
  const read = (name: string) => readFileSync(new URL(`../src/ui/${name}`, import.meta.url), 'utf8')
  const colorIn = (css: string, token: string) =>
    [...css.matchAll(new RegExp(`${token}: (#[0-9a-f]{6});`, 'g'))][place]![1]!
  const surface = colorIn(read('theme.css'), '--surface')
  const css = read('experiments/experiments.css')
  for (let at = 0; at < runColors; at += 1)
    expect(contrast(colorIn(css, runStyle(at).color), surface)).toBeGreaterThanOrEqual(4.5)
})
