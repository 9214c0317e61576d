import { expect, it } from 'vitest'
import type { Route } from './route.ts'
import { type RouteName, routes } from './routes.ts'

/** Routes that change something, of which a second request does more than the first and has no key, with the reason. */
const neither: Partial<Record<RouteName, string>> = {
  signIn: 'only the hash of a session is kept, so that the lost one cannot be given again; it ends by itself',
  tryEndpoint: 'a prediction that is asked for again is a prediction of its own, as at the prediction service',
  testWebhook: 'an example is sent once more, which changes nothing here',
  makeBackup: 'the one that runs is found again, and after it another one is only a later state of the same',
}

it('whoever did not hear the answer may ask again, or a reason is written', () => {
  const changing = (Object.entries(routes) as [RouteName, Route][]).filter(([, { method }]) => method !== 'GET')
  const unsafe = changing.filter(([, { keyed, repeatable }]) => !keyed && !repeatable).map(([name]) => name)
  expect(unsafe.sort()).toEqual(Object.keys(neither).sort())
  expect(changing.filter(([, { keyed, repeatable }]) => keyed && repeatable)).toEqual([])
})
