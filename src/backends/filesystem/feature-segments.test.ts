import { mkdtemp, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onlineFeaturesConformance } from '../../ports/online-features.conformance.ts'
import { openFilesystemLogs } from './append-logs.ts'
import { openFeatureSegments } from './feature-segments.ts'

onlineFeaturesConformance('filesystem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright features '))
  const logs = openFilesystemLogs(folder)
  const open = () => openFeatureSegments(logs, { maxBytes: 200_000 })
  let features = await open()
  return {
    features,
    reopen: async () => {
      await features.close()
      features = await open()
      return features
    },
    tear: async (bytes) => {
      const path = join(folder, `${(await logs.list('features')).at(-1)!}.log`)
      await truncate(path, (await stat(path)).size - bytes)
    },
  }
})
