import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chartSvg, thinned } from './chart-svg.ts'

test('of many points those stay that make the picture: ends, least and greatest of each column', () => {
  expect(thinned([3, null, 1], 10)).toEqual([0, 1, 2])
  const values = fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })), {
    minLength: 50,
    maxLength: 400,
  })
  fc.assert(
    fc.property(values, (all) => {
      const kept = thinned(all, 40)
      expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b))
      expect(kept.length).toBeLessThanOrEqual(48)
      const [of, from] = [kept.map((index) => all[index]!), all].map((each) =>
        each.filter((value) => value !== null),
      ) as [number[], number[]]
      expect([Math.min(...of), Math.max(...of)]).toEqual([Math.min(...from), Math.max(...from)])
    }),
  )
})

test('a picture file has its title, its sentence, its lines and their intervals, and nothing of names becomes markup', () => {
  const svg = chartSvg({
    title: 'Quality <over> time',
    says: 'AUC & more',
    xs: [0, 1, 2],
    isTime: false,
    lines: [
      { name: 'a"b', color: '--line-1', values: [0.7, null, 0.8], low: [0.6, null, 0.7], high: [0.8, null, 0.9] },
      { name: 'empty', color: '--line-2', dashed: true, values: [null, null, null] },
      { name: 'patterned', color: '--line-3', dash: [2, 3], values: [0.6, 0.7, 0.75] },
    ],
    marks: [{ time: 1, level: 'bad', label: 'v2' }],
    levels: [{ value: 0.75, level: 'warning', label: 'bound' }],
    format: (value) => value.toFixed(2),
    color: () => '#123456',
  })
  for (const part of [
    'Quality &lt;over&gt; time',
    'AUC &amp; more',
    'a&quot;b',
    'bound',
    '<title>v2</title>',
    'fill-opacity',
    'stroke-dasharray="2 3"',
  ])
    expect(svg).toContain(part)
  expect(svg).not.toContain('NaN')
  // A value, a gap, a value: two lines begin.
  expect(svg.match(/d="M[^"]*M[^"]*"/g)).toHaveLength(1)
})
