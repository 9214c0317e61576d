import { expect, test } from 'vitest'
import { flightsDefinition } from '../../../test/fixtures/flights.ts'
import { consumersOfView } from './view-consumers.ts'

test('models that are given values of a view are named, with how many', () => {
  const flights = flightsDefinition()
  const view = flights.featureViews[0]!.name
  const inputs = flights.models[0]!.inputs.filter(({ from }) => from.kind === 'feature' && from.view === view)
  expect(consumersOfView(flights, view)[0]).toEqual({
    subject: `model:${flights.models[0]!.name}`,
    does: `takes ${inputs.length} of its inputs from it`,
  })
  expect(consumersOfView(flights, 'another')).toEqual([])
})
