import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { start } from '../hostile/processes.ts'
import { before, newest, runPython } from './mlflow.ts'

const script = fileURLToPath(new URL('foreign_suite.py', import.meta.url))

describe.each(Object.entries({ newest, before }))('with the %s client', (_, client) => {
  it.skipIf(client.without !== null)(
    `a suite of somebody else runs with a fresh server for each test${client.without ? ` (skipped: it ${client.without})` : ''}`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millwright foreign suite '))
      const artifacts = join(folder, 'of clients')
      const args = ['--home', join(folder, 'home'), '--port', '0', '--test-reset', '--artifact-root', artifacts]
      const server = await start(['server', ...args], {})
      try {
        await runPython(script, [], server.address, { ARTIFACT_ROOT: artifacts }, client)
        const { events } = await createClient(server.address).events({ query: { type: 'tracking.reset' } })
        expect(events.length).toBeGreaterThan(4)
      } finally {
        await server.stop()
        await rm(folder, { recursive: true, force: true })
      }
    },
    180_000,
  )
})
