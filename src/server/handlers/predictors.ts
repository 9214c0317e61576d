import { readRecord } from '../../domain/monitoring/prediction-store.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

/** Records of the feature log in one answer; more follow with the next. */
const featureBatches = 200

export function predictorHandlers(plane: ControlPlane): Handlers<'predictors' | 'synchronise' | 'shipPredictions'> {
  const { data, sessions, plans, clock, predictions, dataStage, rollouts, traffic } = plane
  return {
    predictors: async () => {
      const [now, { revision }] = [Date.now(), await plans.current()]
      return {
        predictors: sessions.connected().map((standing) => ({
          predictor: standing.predictor,
          address: standing.address,
          heardAgoMs: now - standing.heardAt,
          servesPlan: standing.revision === revision,
          revision: standing.revision,
          featuresBehind: Math.max(0, dataStage.position - standing.featureSeq),
          dropped: standing.dropped,
          refused: standing.refused,
          faults: standing.faults,
          preparing: standing.preparing,
          capabilities: standing.capabilities,
        })),
      }
    },
    synchronise: async ({ params: { predictor }, body, caller, raw: { reply } }) => {
      const { waitMs, ...standing } = body
      const isNew = sessions.hear({ predictor, ...standing })
      if (isNew) {
        await data.metadata.transaction((writer) =>
          writer.emit({
            type: 'predictor.connected',
            subject: `predictor:${predictor}`,
            actor: caller.actor('system'),
            message: `A prediction service connected from ${standing.address}`,
            data: { address: standing.address },
          }),
        )
      }
      const [seen] = await data.metadata.eventsAfter(body.witness.seq - 1, 1)
      const agrees = body.witness.seq === 0 || (seen?.seq === body.witness.seq && seen.hash === body.witness.hash)
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const deadline = Date.now() + waitMs
      for (;;) {
        // Asked for before looking, so that news between the look and the wait are not missed.
        const news = sessions.news(Math.max(0, deadline - Date.now()), gone.signal)
        const plan = await plans.current()
        const now = clock.now()
        const batches = await dataStage.read(standing.featureSeq, featureBatches)
        const head = await data.metadata.eventHead()
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
            head,
            agrees,
          }
        }
        await news
        // Nobody reads the answer, and the control plane may be closing.
        if (gone.signal.aborted) return { clock: { mode: clock.mode, now }, plan: null, features: [], head, agrees }
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
        if (!record) continue
        rollouts.saw(record)
        // In a replay the time of the answer is one of long ago.
        traffic.saw(record, clock.mode === 'live' ? record.time : Date.now())
      }
      return { size }
    },
  }
}
