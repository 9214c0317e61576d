import type { DeliveryColumn } from '../../contract/delivery.ts'
import type { DefinitionRecord } from '../../contract/project.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import { evidenceOf } from './evidence.ts'

/** Packages that one look shows. */
export const mostPackages = 50

/** What this control plane has of packages, as a column of the table of environments. */
export async function ownColumn(
  records: RecordReader,
  environment: string | null,
  address: string | null,
  inForce: DefinitionRecord | null,
): Promise<DeliveryColumn> {
  const packages: DeliveryColumn['packages'] = {}
  const known = await records.find('package', {
    where: { origin: 'package' },
    orderBy: { field: 'receivedAt', direction: 'desc' },
    limit: mostPackages,
  })
  for (const { id } of known) {
    const { green } = await evidenceOf(records, environment, id)
    packages[id] = {
      green: Object.fromEntries(Object.entries(green).map(([pipeline, runs]) => [pipeline, runs.length])),
      approvals: (await records.find('approval', { where: { package: id } })).map(({ by }) => by),
      deployed: await records.count('delivery', { package: id }),
    }
  }
  return {
    environment: environment ?? 'here',
    address,
    here: true,
    unreachable: null,
    inForce: inForce?.origin === 'package' ? inForce.packageHash : null,
    since: inForce?.appliedAt ?? null,
    by: inForce?.appliedBy ?? null,
    packages,
  }
}
