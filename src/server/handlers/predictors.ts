import { readRecord } from '../../domain/monitoring/prediction-store.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

/** Records of the feature log in one answer; more follow with the next. */
const featureBatches = 200

export function predictorHandlers(plane: ControlPlane): Handlers<'synchronise' | 'shipPredictions'> {
  const { data, sessions, plans, clock, predictions, dataStage, rollouts } = plane
  return {
    synchronise: async ({ params: { predictor }, body, raw: { reply } }) => {
      const { waitMs, ...standing } = body
      const isNew = sessions.hear({ predictor, ...standing })
      if (isNew) {
        await data.metadata.transaction((writer) =>
          writer.emit({
            type: 'predictor.connected',
            subject: `predictor:${predictor}`,
            actor: 'system',
            message: `A prediction service connected from ${standing.address}`,
            data: { address: standing.address },
          }),
        )
      }
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const deadline = Date.now() + waitMs
      for (;;) {
        // Asked for before looking, so that news between the look and the wait are not missed.
        const news = sessions.news(Math.max(0, deadline - Date.now()), gone.signal)
        const plan = await plans.current()
        const now = clock.now()
        const batches = await dataStage.read(standing.featureSeq, featureBatches)
        const hasNews =
          plan.revision !== standing.revision ||
          batches.length > 0 ||
          (clock.mode === 'replay' && now !== standing.clock)
        if (hasNews || Date.now() >= deadline || gone.signal.aborted) {
          if (plan.revision !== standing.revision) sessions.sentPlan(predictor)
          return {
            clock: { mode: clock.mode, now },
            plan: plan.revision === standing.revision ? null : plan,
            features: batches,
            head: await data.metadata.eventHead(),
          }
        }
        await news
      }
    },

    shipPredictions: async ({ params, query, raw: { request } }) => {
      const { size, added } = await predictions.append(
        params.predictor,
        params.segment,
        query.offset,
        request.body as Buffer,
      )
      for (const line of new TextDecoder().decode(added).split('\n')) {
        // A rollout can do without a line that came in two parts.
        const record = line && readRecord(line)
        if (record) rollouts.saw(record)
      }
      return { size }
    },
  }
}
