import type { RegistryReader, RegistryWriter } from '../../../ports/registry.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { registeredModelReader, registeredModelWriter } from './models.ts'
import { clearRegistryTables } from './tables.ts'
import { registeredVersionReader, registeredVersionWriter } from './versions.ts'

export const registryReader = (db: Database, dialect: SqlDialect): RegistryReader => ({
  ...registeredModelReader(db, dialect),
  ...registeredVersionReader(db, dialect),
})

export const registryWriter = (db: Database, dialect: SqlDialect): RegistryWriter => ({
  ...registryReader(db, dialect),
  ...registeredModelWriter(db, dialect.isUniqueViolation),
  ...registeredVersionWriter(db),
  clear: () => clearRegistryTables(db),
})
