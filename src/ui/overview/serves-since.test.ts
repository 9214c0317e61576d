import { expect, test } from 'vitest'
import type { DeploymentRecord } from '../../contract/serving.ts'
import { servesSince } from './serves-since.ts'

type Row = Parameters<typeof servesSince>[0]

const deployment = (
  version: string,
  state: DeploymentRecord['state'],
  endedAt: number | null,
  more: Partial<DeploymentRecord> = {},
): DeploymentRecord => ({
  id: `${version} ${endedAt}`,
  endpoint: 'late',
  version,
  state,
  step: 1,
  share: 1,
  previous: null,
  startedAt: 0,
  stepStartedAt: 0,
  endedAt,
  reason: '',
  startedBy: 'system',
  ...more,
})
const row = (serving: string | null, deployments: DeploymentRecord[]): Row => ({
  endpoint: { id: 'late', serving, frozen: null, definition: {} as Row['endpoint']['definition'] },
  deployments,
})

test('a version serves since its rollout ended', () => {
  const first = deployment('late@1', 'replaced', 100)
  const second = deployment('late@2', 'serving', 100, { previous: 'late@1' })
  expect(servesSince(row('late@2', [second, first]))).toBe(100)
  expect(servesSince(row(null, []))).toBeNull()
})

test('after a rollback the version before it serves since then, whatever canaries were tried later', () => {
  const first = deployment('late@1', 'replaced', 100)
  const second = deployment('late@2', 'rolled-back', 150, { previous: 'late@1' })
  expect(servesSince(row('late@1', [second, first]))).toBe(150)
  const canary = deployment('late@3', 'rolled-back', 190, { previous: 'late@1', share: 0.1 })
  expect(servesSince(row('late@1', [canary, second, first]))).toBe(150)
})

test('a canary that was rolled back does not touch what serves', () => {
  const first = deployment('late@1', 'serving', 100)
  const canary = deployment('late@2', 'rolled-back', 150, { previous: 'late@1', share: 0.1 })
  expect(servesSince(row('late@1', [canary, first]))).toBe(100)
})
