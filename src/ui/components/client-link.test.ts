import { expect, test } from 'vitest'
import { clientLink } from './client-link.ts'

test('links that the client prints lead to the screens of what they name', () => {
  const run = 'ab'.repeat(16)
  expect(clientLink(`/experiments/12/runs/${run}`)).toBe(`/experiments/run/${run}`)
  expect(clientLink('/experiments/12')).toBe('/experiments/12')
  for (const other of ['', '/experiments', `/experiments/12/runs/${run}//evil.example`, '//evil.example', 'main'])
    expect(clientLink(other)).toBeNull()
})
