import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'libsql'
import { metadataConformance } from '../../ports/metadata.conformance.ts'
import { registryConformance } from '../../ports/registry.conformance.ts'
import { runRevisionsConformance } from '../../ports/run-revisions.conformance.ts'
import { trackingConformance } from '../../ports/tracking.conformance.ts'
import { trackingPointsConformance } from '../../ports/tracking-points.conformance.ts'
import { trackingSearchConformance } from '../../ports/tracking-search.conformance.ts'
import { trackingViewsConformance } from '../../ports/tracking-views.conformance.ts'
import { openSqlMetadata } from '../sql/metadata.ts'
import { openSqlite } from './dialect.ts'

async function setup() {
  const path = join(await mkdtemp(join(tmpdir(), 'millwright metadata ')), 'metadata.db')
  const open = () => openSqlMetadata(openSqlite(path), () => Date.UTC(2001, 0, 1))
  const metadata = await open()
  return {
    metadata,
    reopen: async () => {
      await metadata.close()
      return open()
    },
    tamper: async (statement: string) => {
      const file = new Sqlite(path)
      file.exec(statement)
      file.close()
    },
  }
}

metadataConformance('sqlite', setup)
trackingConformance('sqlite', setup)
trackingSearchConformance('sqlite', setup)
trackingPointsConformance('sqlite', setup)
registryConformance('sqlite', setup)
runRevisionsConformance('sqlite', setup)
trackingViewsConformance('sqlite', setup)
