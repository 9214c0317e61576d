import { type Answer, call } from '../api.ts'
import { Action, type Consequences } from '../components/action.tsx'
import type { DeliveryState } from './delivery.tsx'
import { shortHash } from './short-hash.ts'

type Row = DeliveryState['packages'][number]

const signs = { add: 'adds', change: 'changes', remove: 'removes' } as const

const consequences = (
  says: string,
  { changes, depends, missing }: Pick<Answer<'deployPackage'>, 'changes' | 'depends' | 'missing'>,
): Consequences => ({
  says: changes.length === 0 ? `${says} Nothing else changes.` : says,
  effects: [...changes.map(({ action, what }) => `${signs[action]} ${what}`), ...depends],
  missing: missing.map((rule) => `It ${rule}.`),
})

/** What may be done with a package here: agree to it, put it into force, or return to it. */
export function PackageActions({ row, here, wasInForce }: { row: Row; here: string; wasInForce: boolean }) {
  const { id } = row.package
  const name = shortHash(id)
  const params = { package: id }
  const wouldDeploy = () => call('deployPackage', { params, body: { dryRun: true } })
  if (row.inForce) return null
  return (
    <span className="actions">
      {row.missing.some((rule) => rule.includes('approval')) && (
        <Action
          label="Approve"
          title={`Approve package ${name}`}
          needs="approver"
          plan={async () => ({
            ...consequences(`You agree that package ${name} runs in ${here}. It would then:`, await wouldDeploy()),
            missing: [],
          })}
          act={async (note) => {
            const { by } = await call('approvePackage', { params, body: { note } })
            return `Approved by ${by}.`
          }}
        />
      )}
      {wasInForce ? (
        <Action
          label="Return to it"
          title={`Return to package ${name}`}
          needs="operator"
          isGrave
          plan={async () =>
            consequences(
              `${here} goes back to package ${name}, which was in force before.`,
              await call('rollbackPackage', { body: { package: id, dryRun: true } }),
            )
          }
          act={async (reason) => {
            await call('rollbackPackage', { body: { package: id, reason } })
            return `Package ${name} is in force again.`
          }}
        />
      ) : (
        <Action
          label="Put into force"
          title={`Put package ${name} into force`}
          needs="operator"
          plan={async () => consequences(`Package ${name} comes into force in ${here}.`, await wouldDeploy())}
          act={async (reason) => {
            const { deployed } = await call('deployPackage', { params, body: { reason } })
            return deployed ? `Package ${name} is in force.` : `Package ${name} was in force already.`
          }}
        />
      )}
    </span>
  )
}
