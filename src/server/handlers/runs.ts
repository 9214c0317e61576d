import { MillwrightError } from '../../base/errors.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { isStepOver } from '../../contract/states.ts'
import { startScript } from '../../domain/pipelines/script-run.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

type Names =
  | 'pipelines'
  | 'runs'
  | 'startRun'
  | 'run'
  | 'stopRun'
  | 'resumeRun'
  | 'rerun'
  | 'stepLog'
  | 'artifact'
  | 'runScript'

export function runHandlers(plane: ControlPlane): Handlers<Names> {
  const { projects } = plane
  const { metadata, blobs } = plane.data

  const withSteps = async (id: string): Promise<{ run: RunRecord; steps: StepRecord[] }> => {
    const run = await metadata.get('run', id)
    if (!run) throw new MillwrightError('not-found', `there is no run "${id}"`)
    return { run, steps: await metadata.find('step', { where: { runId: id } }) }
  }

  return {
    pipelines: async () => ({ pipelines: projects.current?.definition.pipelines ?? [] }),
    runs: async ({ query }) => {
      const { pipeline, state, limit, offset } = query
      const where = { ...(pipeline ? { pipeline } : {}), ...(state ? { state } : {}) }
      const [runs, total] = await Promise.all([
        metadata.find('run', { where, orderBy: { field: 'queuedAt', direction: 'desc' }, limit, offset }),
        metadata.count('run', where),
      ])
      return { runs, total }
    },
    startRun: async ({ body, caller }) => {
      const { id: definitionHash } = projects.applied
      const run = await plane.engine().start({
        pipeline: projects.part('pipelines', body.pipeline),
        definitionHash,
        params: body.params,
        force: body.force,
        startedBy: caller.actor(body.actor),
        reason: body.reason,
      })
      if (body.wait) await plane.engine().finished(run.id)
      return withSteps(run.id)
    },
    run: ({ params }) => withSteps(params.run),
    stopRun: async ({ params, caller }) => {
      await plane.engine().stop(params.run, caller.actor())
      return withSteps(params.run)
    },
    resumeRun: async ({ params }) => {
      await plane.packageDeployments.refuseOtherCode(params.run)
      await plane.engine().resume(params.run)
      return withSteps(params.run)
    },
    rerun: async ({ params, body, caller }) => {
      await plane.packageDeployments.refuseOtherCode(params.run)
      const run = await plane.engine().rerunFrom(params.run, body.from, {
        startedBy: caller.actor(body.actor),
        reason: `again from ${body.from} of ${params.run}`,
      })
      return withSteps(run.id)
    },
    stepLog: async ({ params, query, raw: { reply } }) => {
      const { index } = query
      const id = `${params.run}/${params.step}${index === undefined ? '' : `/${index}`}`
      const stepOf = () => metadata.get('step', id)
      if (!(await stepOf())) throw new MillwrightError('not-found', `run ${params.run} has no step "${params.step}"`)
      reply.hijack()
      const out = reply.raw
      out.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
      let { offset } = query
      const pour = async (): Promise<void> => {
        for (;;) {
          const page = await plane.engine().readLog(id, offset)
          if (page.next === offset) return
          offset = page.next
          out.write(page.text)
        }
      }
      let more: () => void = () => {}
      const stop = query.follow ? plane.engine().followLog(id, () => more()) : () => {}
      try {
        for (;;) {
          const step = await stepOf()
          await pour()
          if (!query.follow || !step || isStepOver(step.state) || out.destroyed) break
          await new Promise<void>((resolve) => {
            more = resolve
            setTimeout(resolve, 300)
          })
        }
      } finally {
        stop()
        out.end()
      }
      return undefined
    },
    artifact: async ({ params, raw: { reply } }) => {
      const bytes = await blobs.get(params.hash)
      // Never shown in place: bytes that somebody uploaded are nobody's page.
      return reply
        .header('content-disposition', `attachment; filename="${params.hash.slice(0, 12)}"`)
        .header('x-content-type-options', 'nosniff')
        .header('cache-control', 'private, max-age=31536000, immutable')
        .type('application/octet-stream')
        .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    },
    runScript: async ({ body, caller }) => {
      plane.packageDeployments.refuseByHand('running a program')
      const { command, folder, env, actor } = body
      const run = await startScript(plane.engine(), { command, cwd: folder, env, startedBy: caller.actor(actor) })
      return withSteps(run.id)
    },
  }
}
