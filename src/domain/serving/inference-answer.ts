import type { Signature } from '../../contract/model.ts'
import type { InferenceRequest } from './inference-request.ts'
import type { Score } from './scorer.ts'

export interface AnswerFacts {
  model: string
  version: string
  /** Id of the answer: the request's own, or one made for it. */
  id: string
  /** Of each row, in the prediction log. */
  predictionIds: string[]
  featureAgeMs: number | null
}

/** An answer as the Open Inference Protocol has it, or in plain form where the question came so. */
export function inferenceAnswer(
  request: InferenceRequest,
  scores: readonly Score[],
  signature: Signature,
  facts: AnswerFacts,
): unknown {
  const { model, version, id, predictionIds, featureAgeMs } = facts
  if (request.tensors) {
    const shape = [scores.length]
    return {
      model_name: model,
      model_version: version,
      id,
      parameters: {
        prediction_ids: predictionIds.join(' '),
        ...(featureAgeMs === null ? {} : { feature_age_ms: featureAgeMs }),
      },
      outputs: signature.outputs.map(({ name, datatype }) => ({
        name,
        datatype,
        shape,
        data: scores.map((score) => (name === 'probability' ? score.probability : score.output)),
      })),
    }
  }
  const predictions = scores.map((score, row) => ({
    prediction: score.output,
    ...(score.probability === null ? {} : { probability: score.probability }),
    prediction_id: predictionIds[row],
  }))
  const about = { model, version, id, ...(featureAgeMs === null ? {} : { feature_age_ms: featureAgeMs }) }
  const [first] = predictions
  return predictions.length === 1 && first ? { ...first, ...about } : { predictions, ...about }
}
