import { rm } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Stage } from '../../src/domain/pipelines/stage-registry.ts'
import { makeProject, openEngine, pipelineOf, runToEnd } from './engine-setup.ts'

/** Steps in random order, each needing some of those with a lower number; a few fan out, a few fail. */
const graphs = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(100), { maxLength: 3 }),
      elements: fc.option(fc.integer({ min: 0, max: 5 }), { freq: 3 }),
      fails: fc.integer({ min: 0, max: 11 }).map((dice) => dice === 0),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .chain((steps) =>
    fc.tuple(
      fc.constant(steps),
      fc.shuffledSubarray([...steps.keys()], { minLength: steps.length, maxLength: steps.length }),
    ),
  )

test('in every graph each step runs once, after all it needs, and never after a failed one', async () => {
  const folder = await makeProject({})
  let log: string[] = []
  const stage: Stage = {
    kind: 'inline',
    run: async (context) => {
      log.push(`start ${context.step}`)
      await new Promise(setImmediate)
      if (context.params.fails) throw new Error('as told')
      log.push(`end ${context.step}`)
      return context.element
    },
  }
  const setup = await openEngine(folder, { stages: new Map([['note', stage]]) })
  let runs = 0
  try {
    await fc.assert(
      fc.asyncProperty(graphs, async ([graph, written]) => {
        log = []
        runs += 1
        const steps = graph.map(({ needs, elements, fails }, index) => ({
          name: `s${index}`,
          needs: index === 0 ? [] : [...new Set(needs.map((need) => `s${need % index}`))],
          run: { kind: 'stage', stage: 'note' },
          // Runs must not reuse each other's steps here.
          params: { fails, salt: runs },
          ...(elements === null ? {} : { forEach: `params.list${elements}` }),
        }))
        const params = Object.fromEntries(
          [0, 1, 2, 3, 4, 5].map((n) => [`list${n}`, Array.from({ length: n }, (_, i) => i)]),
        )
        const pipeline = pipelineOf({ params, steps: written.map((at) => steps[at]!) })
        const ended = await runToEnd(setup, pipeline)

        const bad = new Set<string>()
        for (const [index, step] of steps.entries()) {
          const { elements, fails } = graph[index]!
          const blocked = step.needs.some((need) => bad.has(need))
          const failed = fails && elements !== 0
          if (blocked || failed) bad.add(step.name)
          const state = blocked ? 'blocked' : failed ? 'failed' : 'succeeded'
          expect(ended.steps[step.name]!.state).toBe(state)
          expect(log.filter((line) => line === `start ${step.name}`)).toHaveLength(blocked ? 0 : (elements ?? 1))
          if (blocked) continue
          const start = log.indexOf(`start ${step.name}`)
          if (start < 0) continue
          for (const need of step.needs) expect(log.lastIndexOf(`end ${need}`)).toBeLessThan(start)
        }
        expect(ended.run.state).toBe(bad.size > 0 ? 'failed' : 'succeeded')
      }),
      { numRuns: 40 },
    )
    await setup.metadata.sealed()
    // One end of a run for each start, and no news of a step before its run's.
    const events = await setup.metadata.eventsAfter(0, 10_000)
    expect(events.filter((event) => event.type === 'run.started')).toHaveLength(runs)
    expect(events.filter((event) => /^run\.(succeeded|failed)$/.test(event.type))).toHaveLength(runs)
  } finally {
    await setup.close()
    await rm(folder, { recursive: true, force: true })
  }
}, 120_000)
