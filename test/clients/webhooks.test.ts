import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startServer } from '../../src/server/start.ts'
import { differing } from './differing.ts'
import { runPython, startMlflowServer, withoutMlflow } from './mlflow.ts'

const script = fileURLToPath(new URL('webhooks.py', import.meta.url))

/** What is another here, and wanted so. */
const differences = [
  // A test that was not taken says why.
  'webhooks.40.2: theirs false, ours true',
  // There are no budgets: nothing would ever be sent of them, and whoever waits for it should know.
  'webhooks.57.went: theirs "\'Webhook\'", ours undefined',
  'webhooks.57.error: theirs undefined, ours "INVALID_PARAMETER_VALUE"',
  'webhooks.57.status: theirs undefined, ours 400',
]

it.skipIf(withoutMlflow !== null)(
  `the mlflow client has webhooks here as at MLflow's own server, and its receiver is sent the same${withoutMlflow ? ` (skipped: it ${withoutMlflow})` : ''}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millwright webhooks clients '))
    const range = { value: 127n << 24n, width: 32, length: 8 } as const
    const rules = { plainHttp: true, allowed: [{ name: null, range, port: null }] }
    const ours = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0, webhooks: { rules } })
    const theirs = await startMlflowServer({
      env: {
        MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
        MLFLOW_WEBHOOK_ALLOWED_SCHEMES: 'http,https',
        MLFLOW_WEBHOOK_CACHE_TTL: '0',
      },
    })
    try {
      const atTheirs = JSON.parse(await runPython(script, [], theirs.address))
      const atOurs = JSON.parse(await runPython(script, [], ours.address))
      expect(differing(atTheirs, atOurs, 'webhooks')).toEqual(differences)
    } finally {
      await theirs.close()
      await ours.close()
      await rm(folder, { recursive: true, force: true })
    }
  },
  300_000,
)
