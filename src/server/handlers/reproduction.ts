import { newId } from '../../base/ids.ts'
import type { ReproductionRecord } from '../../contract/reproduction.ts'
import { diffSides } from '../../domain/delivery/diff.ts'
import { findSide } from '../../domain/delivery/diff-sides.ts'
import { checkReport } from '../../domain/delivery/report-check.ts'
import { runInputs } from '../../domain/delivery/run-inputs.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

export function reproductionHandlers(
  plane: ControlPlane,
): Handlers<'diff' | 'runInputs' | 'keepReproduction' | 'reproductions'> {
  const { metadata } = plane.data
  return {
    diff: async ({ query }) => {
      const { packages, projects } = plane
      const services = { ...plane.data, packages, definition: projects.current?.definition ?? null }
      const [a, b] = await Promise.all([findSide(services, query.a), findSide(services, query.b)])
      return diffSides(a, b)
    },
    runInputs: ({ params }) => runInputs(plane.data, params.run),
    keepReproduction: async ({ params, body, caller, asked, raw: { request } }) => {
      const report = checkReport(await runInputs(plane.data, params.run), body.report)
      const record: ReproductionRecord = {
        id: newId('reproduction'),
        runId: params.run,
        verdict: report.verdict,
        report,
        by: caller.actor(body.actor),
        machine: { name: body.machine, address: request.ip },
        at: Date.now(),
      }
      return plane.requests.onceAnswered(asked, async (keep) => {
        await metadata.transaction(async (writer) => {
          await keep(writer, record)
          await writer.insert('reproduction', record)
          await writer.emit({
            type: 'run.reproduced',
            subject: `run:${params.run}`,
            actor: record.by,
            level: report.verdict === 'identical' ? 'good' : 'warning',
            message: `Run ${params.run} was made again: ${report.message}`,
            data: { verdict: report.verdict, first: report.first, millwright: report.environment.millwright },
          })
        })
        return record
      })
    },
    reproductions: async ({ query }) => ({
      reproductions: await metadata.find('reproduction', {
        where: query.run ? { runId: query.run } : {},
        orderBy: { field: 'at', direction: 'desc' },
        limit: query.limit,
      }),
    }),
  }
}
