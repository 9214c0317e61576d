import { OnnxruntimeModelRunner } from '../backends/onnxruntime/onnxruntime-model-runner.ts'
import { extract, gate, type LoopServices, register, rollOut, validate } from '../domain/lifecycle/loop-stages.ts'
import type { Stage, StageRegistry } from '../domain/pipelines/stage-registry.ts'
import type { ControlPlane } from './control-plane.ts'
import { moduleUrl } from './module-url.ts'
import { probeSlot } from './probe.ts'

/** Every stage that a pipeline can name. Those that compute run in processes of their own; those that change the world, in the control plane. */
export function stageRegistry(plane: ControlPlane): StageRegistry {
  const services = (): LoopServices => {
    const { data, projects, registry, deployments, plans, sessions } = plane
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
        ? (endpoint, version, golden, p99Ms) => probeSlot(predictor.address, endpoint, version, golden, p99Ms)
        : null,
    }
  }
  const module = (name: string): Stage => ({
    kind: 'module',
    module: moduleUrl(`../domain/lifecycle/stages/${name}`, import.meta.url),
  })
  return new Map<string, Stage>([
    ['extract', { kind: 'inline', sideEffects: true, run: (context) => extract(context, services()) }],
    ['validate', { kind: 'inline', run: (context) => validate(context, services()) }],
    ['prepare', module('prepare')],
    ['train', module('train')],
    ['evaluate', module('evaluate')],
    ['gate', { kind: 'inline', sideEffects: true, run: (context) => gate(context, services()) }],
    ['register', { kind: 'inline', sideEffects: true, run: (context) => register(context, services()) }],
    ['roll-out', { kind: 'inline', sideEffects: true, run: (context) => rollOut(context, services()) }],
  ])
}
