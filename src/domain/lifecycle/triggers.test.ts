import { describe, expect, it } from 'vitest'
import {
  alert,
  apply,
  data,
  definitionOf,
  events,
  failStarting,
  finish,
  freshTriggers,
  look,
  projects,
  resolve,
  restart,
  run,
  services,
  start,
  triggers,
} from '../../../test/fixtures/triggers.ts'
import { day } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'

const hour = 3_600_000
freshTriggers()

it('does nothing before a project is applied', async () => {
  expect(await look(1)).toEqual([])
})

describe('a schedule', () => {
  const weekly = { on: { kind: 'schedule', cron: '0 3 * * 1' } } as const

  it('starts at its times in UTC, once each, and once for all that were missed', async () => {
    await apply(weekly)
    const times: number[] = []
    for (let at = 0; at < 15; at += 1 / 24) if ((await look(at)).length > 0) times.push(Math.round(at * 24))
    // Applied on a Monday before three.
    expect(times).toEqual([3, 7 * 24 + 3, 14 * 24 + 3])
    expect(await look(60)).toEqual(['trigger:t0: its schedule (0 3 * * 1)'])
    expect(await look(60.5)).toEqual([])
    expect(await services.metadata.get('trigger', 't0')).toMatchObject({ fired: 4, firedAt: start + 60 * day })
    expect((await events()).at(-1)).toBe('trigger.fired train starts by itself: its schedule (0 3 * * 1)')
  })

  it('is kept across a restart', async () => {
    await apply(weekly)
    await look(1)
    await restart()
    expect(await look(2)).toEqual([])
    expect(await look(8)).toHaveLength(1)
  })

  it('does not start again what was started when the process died, has told of it, and says that it is under way', async () => {
    await apply(weekly)
    failStarting({ when: 'after', error: new Error('the process died') })
    services.clock.advanceTo(start + day)
    await triggers.consider()
    failStarting(null)
    await restart()
    expect(await triggers.underWay()).toMatchObject([{ startedBy: 'trigger:t0', state: 'running' }])
    await run('user:ada', 'by hand', { pipeline: 'other', state: 'running' })
    expect(await triggers.underWay()).toHaveLength(1)
    await finish()
    expect(await triggers.underWay()).toEqual([])
    expect(await services.metadata.latestEvents({ type: 'trigger.fired', limit: 5 })).toHaveLength(1)
    expect((await services.metadata.get('trigger', 't0'))!.fired).toBe(1)
    expect(await look(1.1)).toEqual([])
    expect(await services.metadata.count('run', { pipeline: 'train' })).toBe(1)
    expect(await look(8)).toHaveLength(1)
  })
})

describe('new data', () => {
  const monthly = { on: { kind: 'new-data', dataset: 'flights', everyMs: 28 * day } } as const

  it('starts once there is as much since the last run as it asks for, not a moment before', async () => {
    await apply(monthly)
    await data(40)
    // The first run is somebody's decision.
    expect(await look(40)).toEqual([])
    await run('user:ada', 'by hand')
    await data(68 - 1 / day)
    expect(await look(68)).toEqual([])
    await data(68)
    expect(await look(68)).toEqual(['trigger:t0: 28 days of new data in flights@3'])
    expect(await look(69)).toEqual([])
    await data(96)
    await restart()
    expect(await look(96)).toEqual(['trigger:t0: 28 days of new data in flights@4'])
  })

  it('counts from a run by hand as well', async () => {
    await apply(monthly)
    await run('user:ada', 'by hand')
    services.clock.advanceTo(start + 20 * day)
    await run('user:ada', 'by hand')
    await data(30)
    expect(await look(30)).toEqual([])
    await data(48)
    expect(await look(48)).toHaveLength(1)
  })
})

describe('an alert', () => {
  const onDrift = { on: { kind: 'alert', monitor: 'drift' } } as const

  it('starts one run, however long it stays open; another alert starts another', async () => {
    await apply(onDrift)
    services.clock.advanceTo(start + day)
    await alert('a')
    await alert('elsewhere', 'quality')
    expect(await look(1)).toEqual(['trigger:t0: alert: x has moved (a)'])
    expect(await look(2)).toEqual([])
    await restart()
    expect(await look(3)).toEqual([])
    await resolve('a')
    services.clock.advanceTo(start + 4 * day)
    await alert('b')
    expect(await look(4)).toEqual(['trigger:t0: alert: x has moved (b)'])
  })

  it('that was resolved before anybody looked starts nothing', async () => {
    await apply(onDrift)
    await alert('a')
    await resolve('a')
    expect(await look(1)).toEqual([])
  })

  it('during a run is not forgotten', async () => {
    await apply(onDrift)
    await run('user:ada', 'by hand', { state: 'running' })
    services.clock.advanceTo(start + day)
    await alert('a')
    expect(await triggers.consider()).toEqual([])
    await finish()
    expect(await look(2)).toEqual(['trigger:t0: alert: x has moved (a)'])
  })

  it('two monitors may start the same pipeline, by one run', async () => {
    await apply(onDrift, { on: { kind: 'alert', monitor: 'quality' } })
    services.clock.advanceTo(start + day)
    await alert('a')
    await alert('q', 'quality')
    expect(await look(1)).toEqual(['trigger:t0: alert: x has moved (a)'])
    // The run that the first one started has learnt from all that the second one told of.
    expect(await look(2)).toEqual([])
  })
})

describe('value skew', () => {
  it('starts one run for each time it is told', async () => {
    await apply({ on: { kind: 'value-skew', dataset: 'flights' } })
    const skew = (dataset: string, message: string) =>
      services.metadata
        .transaction((writer) =>
          writer.emit({ type: 'dataset.value-skew', subject: `dataset:${dataset}`, actor: 'system', message }),
        )
        .then(() => services.metadata.sealed())
    await skew('airports', 'names have moved')
    expect(await look(1)).toEqual([])
    await skew('flights', 'distance has moved')
    expect(await look(2)).toEqual(['trigger:t0: distance has moved'])
    await restart()
    expect(await look(3)).toEqual([])
    await skew('flights', 'delay has moved')
    expect(await look(4)).toEqual(['trigger:t0: delay has moved'])
  })
})

describe('limits', () => {
  const monthly = { on: { kind: 'new-data', dataset: 'flights', everyMs: day } } as const

  it.each(['queued', 'running', 'interrupted'] as const)(
    'one run at a time: none beside one that is %s',
    async (state) => {
      await apply(monthly)
      await run('user:ada', 'by hand', { state })
      // A later one that has ended does not hide it.
      await run('user:ada', 'by hand', { state: 'stopped' })
      await data(30)
      services.clock.advanceTo(start + 30 * day)
      expect(await triggers.consider()).toEqual([])
      expect(await events()).toEqual([])
      await finish()
      expect(await triggers.consider()).toHaveLength(1)
      expect(await triggers.consider()).toEqual([])
    },
  )

  it('looks that come at once start one run', async () => {
    await apply(monthly, { on: { kind: 'schedule', cron: '0 * * * *' } })
    await run('user:ada', 'by hand')
    await data(30)
    services.clock.advanceTo(start + 30 * day)
    const all = await Promise.all(Array.from({ length: 5 }, () => triggers.consider()))
    expect(all.flat()).toHaveLength(1)
    expect(await services.metadata.count('run', { state: 'running' })).toBe(1)
  })

  it('another pipeline does not count', async () => {
    await apply(monthly, { ...monthly, pipeline: 'other' })
    await run('user:ada', 'by hand')
    await run('user:ada', 'by hand', { pipeline: 'other', state: 'running' })
    await data(30)
    services.clock.advanceTo(start + 30 * day)
    expect((await triggers.consider()).map(({ pipeline }) => pipeline)).toEqual(['train'])
  })

  it('time between two: what is held back is told once, and starts when the time is over', async () => {
    await apply({ on: { kind: 'alert', monitor: 'drift' }, cooldownMs: 14 * day })
    await run('user:ada', 'by hand')
    services.clock.advanceTo(start + 10 * day)
    await alert('a')
    expect(await look(10)).toEqual([])
    expect(await look(14 - 1 / day)).toEqual([])
    expect(await events()).toEqual([
      'trigger.suppressed train was not started (alert: x has moved (a)): the last run began on 2001-01-01, and 14 days must lie between two',
    ])
    expect(await look(14)).toEqual(['trigger:t0: alert: x has moved (a)'])
  })

  it('says hours where they are hours', async () => {
    await apply({ on: { kind: 'alert', monitor: 'drift' }, cooldownMs: 6 * hour })
    await run('user:ada', 'by hand')
    services.clock.advanceTo(start + hour)
    await alert('a')
    await look(0.1)
    expect((await events())[0]).toContain('6 hours must lie between two')
  })

  it('most runs: all triggers of the pipeline together, runs by hand not counted, also after a restart', async () => {
    await apply({ ...monthly, atMost: 2 }, { on: { kind: 'alert', monitor: 'drift' }, atMost: 2 })
    for (let at = 0; at < 5; at += 1) await run('user:ada', 'by hand')
    await data(2)
    expect(await look(2)).toHaveLength(1)
    services.clock.advanceTo(start + 3 * day)
    await alert('a')
    expect(await look(3)).toEqual(['trigger:t1: alert: x has moved (a)'])
    await data(30)
    expect(await look(30)).toEqual([])
    await restart()
    expect(await look(31)).toEqual([])
    expect((await events()).at(-1)).toContain('triggers have started it 2 times, which is all they may')
  })
})

it('tells once that a run could not be started, and tries again', async () => {
  await apply({ on: { kind: 'schedule', cron: '0 3 * * *' } })
  failStarting({ when: 'before', error: new MillwrightError('pipeline-busy', 'it is busy') })
  expect([await look(1), await look(1.1), await look(1.2)]).toEqual([[], [], []])
  expect(await events()).toEqual(['trigger.suppressed train could not be started: it is busy'])
  failStarting(null)
  expect(await look(1.3)).toHaveLength(1)
})

describe('a definition', () => {
  it.each([
    ['schedule that is none', { on: { kind: 'schedule', cron: 'every monday' } }, 'triggers.0.on.cron'],
    [
      'pipeline that is not there',
      { on: { kind: 'schedule', cron: '0 3 * * 1' }, pipeline: 'trian' },
      'triggers.0.pipeline',
    ],
    ['monitor that is not there', { on: { kind: 'alert', monitor: 'dirft' } }, 'triggers.0.on.monitor'],
    ['dataset that is not there', { on: { kind: 'value-skew', dataset: 'fights' } }, 'triggers.0.on.dataset'],
  ] as const)('with a %s is refused', (_what, trigger, field) => {
    expect(() => projects.plan(definitionOf([trigger]))).toThrow(expect.objectContaining({ field }))
  })

  it('with a metric that the task has not is refused: it would never alert, and never pass', () => {
    const definition = definitionOf([])
    definition.monitors[1]!.metric = 'auc'
    expect(() => projects.plan(definition)).toThrow(
      expect.objectContaining({
        field: 'monitors.1.metric',
        message: 'a regression model is not measured by "auc"',
        hint: 'There are: rmse, mae, r2.',
      }),
    )
    const gated = definitionOf([])
    gated.models[0]!.gates = [{ kind: 'at-least', metric: 'r3', value: 0.5 }]
    expect(() => projects.plan(gated)).toThrow(expect.objectContaining({ field: 'models.0.gates.0.metric' }))
  })
})
