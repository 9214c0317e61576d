import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { endpointSchema } from '../../contract/definition.ts'
import { Deployments } from '../serving/deployments.ts'
import { overviewOf } from './overview.ts'
import { Projects } from './project.ts'

let services: TestServices
let projects: Projects
beforeAll(async () => {
  services = await openDataServices()
  projects = new Projects(
    services.metadata,
    services.clock,
    new Deployments(services.metadata, services.clock, () => {}),
  )
})
afterAll(() => services.close())

async function serving(predictors: number) {
  const stages = await overviewOf({ metadata: services.metadata, projects, predictors: () => predictors, now: 0 })
  const { state, summary } = stages.find((stage) => stage.stage === 'serving')!
  return { state, summary }
}

test('an endpoint that no prediction service answers for is a warning that says so', async () => {
  expect(await serving(0)).toEqual({
    state: 'idle',
    summary: 'nothing is served yet, no prediction service is connected',
  })
  await services.metadata.transaction(async (writer) => {
    await writer.put('endpoint', {
      id: 'late',
      definition: endpointSchema.parse({ name: 'late', model: 'late' }),
      serving: 'late@1',
      frozen: null,
    })
    await writer.emit({ type: 'endpoint.created', subject: 'endpoint:late', actor: 'system', message: 'a test' })
  })
  expect(await serving(1)).toEqual({ state: 'good', summary: 'late: late@1' })
  expect(await serving(0)).toEqual({
    state: 'warning',
    summary: 'late: late@1, no prediction service is connected',
  })
})
