import type { Evidence } from '../../contract/delivery.ts'
import type { RecordReader } from '../../ports/metadata.ts'

/**
 * The runs of a package that succeeded here. One whose steps were all reused shows nothing that the earlier one did not, and one that took
 * over the steps of another run did not run the package from its beginning: neither counts.
 */
export async function evidenceOf(records: RecordReader, environment: string | null, hash: string): Promise<Evidence> {
  const green: Evidence['green'] = {}
  const runs = await records.find('run', {
    where: { packageHash: hash, state: 'succeeded' },
    orderBy: { field: 'queuedAt', direction: 'desc' },
  })
  for (const run of runs) {
    if (run.from !== null || run.environmentName !== environment) continue
    const worked = await records.count('step', { runId: run.id, state: 'succeeded' })
    if (worked > 0) green[run.pipeline] = [...(green[run.pipeline] ?? []), run.id]
  }
  return { environment, package: hash, green }
}
