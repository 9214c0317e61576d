import { expect, test } from 'vitest'
import { type Box, edgePath, edges } from './loop-edges.ts'

const box = (left: number, top: number): Box => ({ left, right: left + 100, top, bottom: top + 50 })

test('the edges close the loop', () => {
  expect(edges.map(({ id }) => id)).toEqual([
    'data-features',
    'features-pipelines',
    'pipelines-registry',
    'registry-serving',
    'serving-monitoring',
    'monitoring-lifecycle',
    'lifecycle-pipelines',
  ])
})

test('boxes that face each other are joined straight, in either direction', () => {
  expect(edgePath(box(0, 0), box(140, 0))).toBe('M100.0 25.0L140.0 25.0')
  expect(edgePath(box(140, 0), box(0, 0))).toBe('M140.0 25.0L100.0 25.0')
  expect(edgePath(box(0, 0), box(0, 90))).toBe('M50.0 50.0L50.0 90.0')
})

test('a box above and to the left is reached round a corner, one further up in the same column round by the left', () => {
  expect(edgePath(box(140, 100), box(0, 0))).toBe('M140 125H58Q50 125 50 117V50')
  expect(edgePath(box(20, 200), box(20, 0))).toBe('M20 225H14Q6 225 6 217V33Q6 25 14 25H20')
})
