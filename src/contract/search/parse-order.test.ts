import { describe, expect, it } from 'vitest'
import { filterLimits } from './filter-syntax.ts'
import { parseOrder } from './parse-order.ts'

describe('an ordering', () => {
  it('is a list of keys with their directions', () => {
    expect(parseOrder(['metrics.`val loss` DESC', 'created', 'tag.a asc'], 'runs')).toEqual([
      { entity: 'metric', key: 'val loss', descending: true },
      { entity: 'attribute', key: 'start_time', descending: false },
      { entity: 'tag', key: 'a', descending: false },
    ])
    expect(parseOrder([], 'experiments')).toEqual([])
    expect(parseOrder(['timestamp DESC'], 'registeredModels')).toEqual([
      { entity: 'attribute', key: 'last_updated_timestamp', descending: true },
    ])
  })

  it.each([
    [['metrics.a', 'metric.a DESC'], 'order_by, character 1: a is among the keys twice'],
    [['created', 'start_time'], 'order_by, character 1: start_time is among the keys twice'],
    [['start_time DOWN'], 'order_by, character 12: expected ASC, DESC or the end'],
    [['start_time DESC NULLS LAST'], 'order_by, character 17: expected ASC, DESC or the end'],
    [['start_time, end_time'], 'order_by, character 11: expected ASC, DESC or the end'],
    [['dataset.name'], 'order_by, character 1: these cannot be ordered by a dataset'],
    [['strat_time'], 'order_by, character 1: there is no attribute strat_time'],
    [[''], 'order_by, character 1: expected a field, such as metrics.loss'],
    [
      Array(filterLimits.order + 1).fill('start_time'),
      'order_by, character 1: an ordering can have 20 keys, and not more',
    ],
    [[`metrics.${'a'.repeat(2000)}`], 'order_by, character 2009: a key can have 1000 characters, and this has 2008'],
  ])('%s is refused', (items, message) => {
    expect(() => parseOrder(items, 'runs')).toThrow(
      expect.objectContaining({ code: 'invalid-request', field: 'order_by', message }),
    )
  })
})
