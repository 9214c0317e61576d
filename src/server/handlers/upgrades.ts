import { MillwrightError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { UpgradeRecord } from '../../contract/upgrade.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

export function upgradeHandlers(plane: ControlPlane): Handlers<'keepUpgrade' | 'upgrades'> {
  const { metadata } = plane.data
  return {
    keepUpgrade: async ({ body, caller, asked }) => {
      const { report } = body
      const here = plane.projects.current?.definition.name
      if (here !== report.project)
        throw new MillwrightError(
          'conflict',
          `the report is about "${report.project}", and here ${here === undefined ? 'is no project' : `"${here}" is in force`}`,
          { field: 'report.project' },
        )
      const { verdict, reasons } = report
      const fits =
        verdict === 'ready'
          ? reasons.length === 0 && report.package !== null
          : reasons.length > 0 === (verdict === 'not-ready') && report.package === null
      if (!fits)
        throw new MillwrightError(
          'invalid-request',
          `the verdict "${verdict}" does not fit the reasons and the package`,
          {
            field: 'report.verdict',
          },
        )
      const record: UpgradeRecord = {
        id: newId('upgrade'),
        verdict: report.verdict,
        report,
        by: caller.actor(body.actor),
        at: Date.now(),
      }
      return plane.requests.onceAnswered(asked, async (keep) => {
        await metadata.transaction(async (writer) => {
          await keep(writer, record)
          await writer.insert('upgrade', record)
          await writer.emit({
            type: 'upgrade.tried',
            subject: `upgrade:${record.id}`,
            actor: record.by,
            level: report.verdict === 'not-ready' ? 'warning' : 'good',
            message: `Upgrades were tried: ${report.message}`,
            data: { verdict: report.verdict, upgraded: report.upgraded, package: report.package },
          })
        })
        return record
      })
    },
    upgrades: async ({ query }) => ({
      upgrades: await metadata.find('upgrade', { orderBy: { field: 'at', direction: 'desc' }, limit: query.limit }),
    }),
  }
}
