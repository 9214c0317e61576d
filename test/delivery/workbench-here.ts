import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPredictor } from '../../src/predictor/predictor.ts'
import { createClient } from '../../src/sdk/client.ts'
import { startServer } from '../../src/server/start.ts'
import type { openWorkbench } from '../../src/server/workbench.ts'

/** A workbench whose two services run in this process, which has their code already: it is there in no time. */
export const openWorkbenchHere: typeof openWorkbench = async ({ projectDir, definition, actor = 'workbench' }) => {
  const home = await mkdtemp(join(tmpdir(), 'millwright bench '))
  const server = await startServer({ home, host: '127.0.0.1', port: 0 })
  const predictor = await startPredictor({
    home: join(home, 'predictor'),
    host: '127.0.0.1',
    port: 0,
    server: server.address,
    version: 'test',
  })
  const client = createClient(server.address)
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await predictor.close()
      await server.close()
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    })()
    return closing
  }
  try {
    if (definition) await client.apply({ body: { definition, projectDir: projectDir ?? home, actor } })
  } catch (error) {
    await close()
    throw error
  }
  return { server: server.address, predictor: predictor.address, home, client, said: () => '', close }
}
