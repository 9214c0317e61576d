import { expect, test } from 'vitest'
import type { Route } from '../contract/route.ts'
import { routes } from '../contract/routes.ts'
import { addresses, type Called } from './api.ts'

test('the addresses that the screens call are those of the route table', () => {
  const names = Object.keys(addresses) as Called[]
  const table: Record<string, Route> = routes
  expect(names.length).toBeGreaterThan(0)
  expect(names.map((name) => [name, `${table[name]?.method} ${table[name]?.path}`])).toEqual(
    names.map((name) => [name, addresses[name]]),
  )
})
