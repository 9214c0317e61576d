import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseSlot, placeOf } from './traffic.ts'

const slots = (share: number) => [
  { role: 'primary', share: 1 - share, name: 'old' },
  { role: 'canary', share, name: 'new' },
  { role: 'shadow', share: 0, name: 'frozen' },
]

test('a canary gets its share', () => {
  let canary = 0
  for (let i = 0; i < 20_000; i += 1)
    if (chooseSlot(slots(0.1), placeOf(`flight-${i}`, 'flights'))!.name === 'new') canary += 1
  expect(canary / 20_000).toBeGreaterThan(0.09)
  expect(canary / 20_000).toBeLessThan(0.11)
})

test('a key that met the new version keeps meeting it while the share grows, and nobody meets a shadow', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (key, a, b) => {
        const place = placeOf(key, 'flights')
        const [low, high] = a < b ? [a, b] : [b, a]
        const before = chooseSlot(slots(low), place)!.name
        const after = chooseSlot(slots(high), place)!.name
        expect(before === 'new' ? after : 'new').toBe('new')
        expect([before, after]).not.toContain('frozen')
      },
    ),
  )
})
