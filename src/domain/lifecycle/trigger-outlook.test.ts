import { describe, expect, it } from 'vitest'
import {
  alert,
  apply,
  data,
  freshTriggers,
  look,
  projects,
  run,
  services,
  start,
} from '../../../test/fixtures/triggers.ts'
import { day } from '../../base/clock.ts'
import { triggerOutlook } from './trigger-outlook.ts'

freshTriggers()

describe('what a trigger waits for', () => {
  const outlook = async (at = 0) => {
    const all = projects.applied.definition.triggers
    return triggerOutlook(services.metadata, all[at]!, all, services.clock.now(), projects.applied.appliedAt)
  }

  it('of a schedule is the time at which it then starts', async () => {
    await apply({ on: { kind: 'schedule', cron: '0 3 * * 1' }, cooldownMs: 10 * day })
    for (let round = 0; round < 3; round += 1) {
      const { at } = await outlook()
      expect(await look((at! - start) / day - 0.01)).toEqual([])
      expect(await look((at! - start) / day)).toHaveLength(1)
    }
  })

  it('of new data is how far it must reach, and how far it reaches', async () => {
    await apply({ on: { kind: 'new-data', dataset: 'flights', everyMs: 7 * day } })
    expect((await outlook()).says).toBe('the first run of train, which somebody starts')
    await run('user:ada', 'the first', { state: 'succeeded' })
    await data(3)
    expect(await outlook()).toEqual({
      at: null,
      says: 'data of flights up to 2001-01-08; it reaches 2001-01-04',
    })
  })

  it('is nothing once triggers have started it as often as they may, whichever of them did', async () => {
    await apply(
      { on: { kind: 'alert', monitor: 'drift' }, atMost: 1, cooldownMs: 2 * day },
      { on: { kind: 'alert', monitor: 'quality' }, atMost: 1 },
    )
    expect((await outlook()).says).toBe('an alert of drift')
    services.clock.advanceTo(start + day)
    await alert('first')
    expect(await look(1)).toHaveLength(1)
    expect((await outlook(1)).says).toBe('nothing: triggers have started it 1 times, which is all they may')
  })
})
