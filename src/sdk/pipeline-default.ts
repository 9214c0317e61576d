import type { ModelDefinition } from '../contract/definition.ts'
import { type PipelineDefinition, pipelineSchema } from '../contract/pipeline.ts'

export const trainingPipelineName = (model: string): string => `train-${model}`

/**
 * The pipeline that follows from a model: every stage of the loop from data to rollout. A project that states a pipeline of the same name
 * replaces it.
 */
export function trainingPipeline(model: ModelDefinition): PipelineDefinition {
  // The run's own parameters matter to `extract`, which pins what the others work on, and to `train`, which drills are for.
  const stage = (name: string, needs: string[], sideEffects = false) => ({
    name,
    run: { kind: 'stage', stage: name },
    needs,
    params: { model: model.name },
    reads: name === 'extract' ? ['until', 'datasetVersion'] : name === 'train' ? ['drill'] : [],
    sideEffects,
  })
  return pipelineSchema.parse({
    name: trainingPipelineName(model.name),
    // `until`: rows whose labels were known by then; null is now. `datasetVersion`: null is the newest. `drill`: a fault made on purpose.
    params: { until: null, datasetVersion: null, drill: null },
    steps: [
      // What the run is pinned to depends on the moment it starts, so it is never reused; everything after it is.
      stage('extract', [], true),
      stage('validate', ['extract']),
      stage('prepare', ['extract', 'validate']),
      stage('train', ['extract', 'prepare']),
      stage('evaluate', ['extract', 'prepare', 'train'], true),
      stage('gate', ['extract', 'train', 'evaluate'], true),
      stage('register', ['extract', 'train', 'evaluate', 'gate'], true),
      { ...stage('roll-out', ['register'], true), when: { value: 'steps.register.registered', is: 'equal', to: true } },
    ],
  })
}
