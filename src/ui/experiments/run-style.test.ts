import { expect, it } from 'vitest'
import { runColors, runStyle, runStyles } from './run-style.ts'

it('tells at least forty runs apart, the first eight by their colours alone', () => {
  expect(runStyles).toBeGreaterThanOrEqual(40)
  const styles = Array.from({ length: runStyles }, (_, place) => JSON.stringify(runStyle(place)))
  expect(new Set(styles).size).toBe(runStyles)
  expect(runStyle(runStyles)).toEqual(runStyle(0))
  for (let place = 0; place < runColors; place += 1) expect(runStyle(place).dash).toEqual([])
})

it('has patterns that come again within a swatch, and so are seen as what they are', () => {
  for (let place = 0; place < runStyles; place += 1) {
    const { dash } = runStyle(place)
    expect(dash.reduce((sum, part) => sum + part, 0)).toBeLessThan(32)
    expect(dash.length % 2).toBe(0)
  }
})
