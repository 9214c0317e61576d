import { MillwrightError } from '../../base/errors.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { isStepOver } from '../../contract/states.ts'
import { startScript } from '../../domain/pipelines/script-run.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import { sendBlob } from '../blob-download.ts'
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

/** How long a log is followed without a word of it before the step is looked at again. */
const unheardMs = 1000

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
    startRun: async ({ body, caller, asked }) => {
      const { run = '' } = await plane.requests.once(asked, async (keep) => {
        const { id: definitionHash } = projects.applied
        const started = await plane.engine().start({
          pipeline: projects.part('pipelines', body.pipeline),
          definitionHash,
          params: body.params,
          force: body.force,
          startedBy: caller.actor(body.actor),
          reason: body.reason,
          also: (writer, { id }) => keep(writer, { run: id }),
        })
        return { run: started.id }
      })
      if (body.wait) await plane.engine().finished(run)
      return withSteps(run)
    },
    run: async ({ params, query: { waitMs, step }, raw: { reply } }) => {
      if (waitMs === 0) return withSteps(params.run)
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      await plane
        .engine()
        .over(params.run, { step, signal: AbortSignal.any([gone.signal, AbortSignal.timeout(waitMs)]) })
      return withSteps(params.run)
    },
    stopRun: async ({ params, caller, asked }) => {
      const { run = '' } = await plane.requests.once(asked, async (keep) => {
        const made = { run: params.run }
        await plane.engine().stop(params.run, caller.actor())
        // After the change and not with it: a repeat of one that was lost in between finds the run over, and is refused.
        await metadata.transaction((writer) => keep(writer, made))
        return made
      })
      return withSteps(run)
    },
    resumeRun: async ({ params, caller, asked }) => {
      const { run = '' } = await plane.requests.once(asked, async (keep) => {
        await plane.packageDeployments.refuseOtherCode(params.run)
        const also = (writer: RecordWriter, { id }: RunRecord) => keep(writer, { run: id })
        const resumed = await plane.engine().resume(params.run, caller.actor(), also)
        return { run: resumed.id }
      })
      return withSteps(run)
    },
    rerun: async ({ params, body, caller, asked }) => {
      await plane.packageDeployments.refuseOtherCode(params.run)
      const { run = '' } = await plane.requests.once(asked, async (keep) => {
        const started = await plane.engine().rerunFrom(params.run, body.from, {
          startedBy: caller.actor(body.actor),
          reason: `again from ${body.from} of ${params.run}`,
          also: (writer, { id }) => keep(writer, { run: id }),
        })
        return { run: started.id }
      })
      return withSteps(run)
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
          // Whoever reads slowly is waited for, so that the rest stays on the disk and not in memory.
          if (!out.write(page.text)) await new Promise((resolve) => out.once('drain', resolve).once('close', resolve))
          if (out.destroyed) return
        }
      }
      let more: () => void = () => {}
      const stop = query.follow ? plane.engine().followLog(id, () => more()) : () => {}
      out.once('close', () => more())
      try {
        for (;;) {
          // Asked for before looking, so that news between the look and the wait are not missed.
          const news = new Promise<void>((resolve) => {
            more = resolve
          })
          const step = await stepOf()
          await pour()
          if (!query.follow || !step || isStepOver(step.state) || out.destroyed) break
          // Of a step that ends without having run, nobody tells.
          const timer = setTimeout(more, unheardMs)
          await news
          clearTimeout(timer)
        }
      } finally {
        stop()
        out.end()
      }
      return undefined
    },
    artifact: async ({ params, raw: { reply } }) => {
      reply.header('cache-control', 'private, max-age=31536000, immutable')
      return sendBlob(reply, blobs, params.hash, params.hash.slice(0, 12))
    },
    runScript: async ({ body, caller, asked }) => {
      plane.packageDeployments.refuseByHand('running a program')
      const { command, folder: cwd, env, actor } = body
      const { run = '' } = await plane.requests.once(asked, async (keep) => {
        const also = (writer: RecordWriter, { id }: RunRecord) => keep(writer, { run: id })
        const started = await startScript(plane.engine(), { command, cwd, env, startedBy: caller.actor(actor), also })
        return { run: started.id }
      })
      return withSteps(run)
    },
  }
}
