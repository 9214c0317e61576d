import { OnnxruntimeModelRunner } from '../backends/onnxruntime/onnxruntime-model-runner.ts'
import { registerFile } from '../domain/lifecycle/judged-file.ts'
import { extract, gate, type LoopServices, register, rollOut, validate } from '../domain/lifecycle/loop-stages.ts'
import type { Stage, StageRegistry } from '../domain/pipelines/stage-registry.ts'
import type { ControlPlane } from './control-plane.ts'
import { moduleUrl } from './module-url.ts'
import { probeService } from './probe-service.ts'

/** Every stage that a pipeline can name. Those that compute run in processes of their own; those that change the world, in the control plane. */
export function stageRegistry(plane: ControlPlane): StageRegistry {
  const services = async (): Promise<LoopServices> => {
    const { data, projects, registry, deployments, plans, sessions } = plane
    // A run that goes on after a restart must not go on without them.
    await sessions.reconnected()
    const [predictor] = sessions.connected()
    return {
      data,
      models: new OnnxruntimeModelRunner(),
      projects,
      registry,
      deployments,
      withCandidate: (candidate, work) => plans.withCandidate(candidate, work),
      served: () => plans.untilServed(),
      targets: (version, model) => plane.preflight.targets(version, model),
      probe: predictor
        ? (endpoint, version, golden, p99Ms) =>
            probeService(plane, predictor.predictor, { endpoint, version, golden, p99Ms })
        : null,
    }
  }
  const module = (name: string): Stage => ({
    kind: 'module',
    module: moduleUrl(`../domain/lifecycle/stages/${name}`, import.meta.url),
  })
  return new Map<string, Stage>([
    ['extract', { kind: 'inline', sideEffects: true, run: async (context) => extract(context, await services()) }],
    ['validate', { kind: 'inline', run: async (context) => validate(context, await services()) }],
    ['prepare', module('prepare')],
    ['train', module('train')],
    ['evaluate', module('evaluate')],
    ['gate', { kind: 'inline', sideEffects: true, run: async (context) => gate(context, await services()) }],
    ['register', { kind: 'inline', sideEffects: true, run: async (context) => register(context, await services()) }],
    ['judge-scores', module('judge-scores')],
    [
      'register-file',
      { kind: 'inline', sideEffects: true, run: async (context) => registerFile(context, await services()) },
    ],
    ['roll-out', { kind: 'inline', sideEffects: true, run: async (context) => rollOut(context, await services()) }],
  ])
}
