import { expect, test } from 'vitest'
import { pipelineSchema } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { runSpans } from './run-spans.ts'

const { steps } = pipelineSchema.parse({
  name: 'p',
  steps: [
    { name: 'a', run: { kind: 'stage', stage: 'x' } },
    { name: 'b', run: { kind: 'stage', stage: 'x' }, needs: ['a'] },
    { name: 'c', run: { kind: 'stage', stage: 'x' }, needs: ['a'] },
    { name: 'd', run: { kind: 'stage', stage: 'x' }, needs: ['b', 'c'] },
  ],
})
const run = { queuedAt: 100, startedAt: 150, endedAt: null } as RunRecord
const record = (step: string, state: StepRecord['state'], startedAt: number | null, endedAt: number | null) =>
  [step, { step, state, startedAt, endedAt } as StepRecord] as const

test('a step waits from the end of the last that it needs, and what runs has come to now', () => {
  const records = new Map([
    record('a', 'succeeded', 160, 300),
    record('b', 'reused', 10, 310),
    record('c', 'succeeded', 350, 500),
    record('d', 'running', 505, null),
  ])
  const { from, to, spans } = runSpans(run, steps, records, 900)
  expect([from, to]).toEqual([100, 900])
  expect(spans.map(({ readyAt, startedAt, endedAt }) => [readyAt, startedAt, endedAt])).toEqual([
    [150, 160, 300],
    [null, null, 310],
    [300, 350, 500],
    [500, 505, 900],
  ])
})

test('a step that was never reached has no moment', () => {
  const { spans } = runSpans(run, steps, new Map([record('a', 'failed', 160, 170)]), 200)
  expect(spans.at(-1)).toEqual({ step: 'd', state: 'pending', readyAt: null, startedAt: null, endedAt: null })
})
