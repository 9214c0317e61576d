import { expect, test } from 'vitest'
import { stepReason } from '../../src/domain/pipelines/step-reason.ts'
import { configOf, pipelineOf, runToEnd, withEngine } from './engine-setup.ts'

test('a step that ran is held beside its last execution, one that was reused beside what it was taken from', async () => {
  const config = configOf({ 'p/a': 'return context.params.rate', 'p/b': 'return 1' })
  const pipeline = pipelineOf({ params: { rate: 0.1 }, steps: [{ name: 'a' }, { name: 'b', takes: [], reads: [] }] })
  await withEngine({ 'millwright.config.ts': config }, async (setup) => {
    const { metadata } = setup
    const first = await runToEnd(setup, pipeline)
    expect(await stepReason(metadata, first.run.id, 'a')).toMatchObject({
      because: 'ran for the first time',
      comparedWith: null,
    })
    const second = await runToEnd(setup, pipeline, { params: { rate: 0.2 } })
    const ran = await stepReason(metadata, second.run.id, 'a')
    expect(ran.comparedWith).toEqual({ run: first.run.id, execution: `${first.run.id}/a` })
    // Of parameters the values are told, not their hashes.
    expect(ran.parts.filter(({ changed }) => changed)).toEqual([
      { name: 'parameter rate', before: 0.1, now: 0.2, changed: true },
    ])
    const reused = await stepReason(metadata, second.run.id, 'b')
    expect(reused.comparedWith?.run).toBe(first.run.id)
    expect(reused.parts.length).toBeGreaterThan(0)
    expect(reused.parts.some(({ changed }) => changed)).toBe(false)
    await expect(stepReason(metadata, second.run.id, 'none')).rejects.toMatchObject({ code: 'not-found' })
  })
})
