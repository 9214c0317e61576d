import { useMemo } from 'react'
import type { StepDefinition } from '../../contract/pipeline.ts'
import type { StepRecord } from '../../contract/run.ts'
// Not by itself: screens with a graph are read when they are asked for, and one that comes later pushes the rest aside.
import Graph from '../components/graph.tsx'
import { useNarrow } from '../components/use-narrow.ts'
import { depthOf, stepEdges } from './step-graph.ts'
import { StepNode } from './step-node.tsx'

const common = { nodeWidth: 164, nodeHeight: 48, gap: 36 }
/** So that eight steps, as many as a training has, stand beside each other on a small screen. */
const small = { nodeWidth: 108, nodeHeight: 48, gap: 14 }

/** What the sign of side effects means, where it is seen. */
export const worldNote = (steps: readonly StepDefinition[]): string =>
  steps.some(({ sideEffects }) => sideEffects) ? ' ⚡ changes the world outside and is never reused.' : ''

/** Steps behind what they need, with the states of a run where there is one. */
export function StepPicture({
  label,
  steps,
  records,
  current,
  onPick,
}: {
  label: string
  /** In order. */
  steps: readonly StepDefinition[]
  records?: ReadonlyMap<string, StepRecord> | undefined
  current: string | undefined
  onPick: (step: string) => void
}) {
  const nodes = useMemo(() => steps.map(({ name }) => ({ id: name })), [steps])
  const edges = useMemo(() => stepEdges(steps), [steps])
  const depth = useMemo(() => depthOf(steps), [steps])
  const isSmall = !useNarrow() && depth > 5
  return (
    <div className="step-picture">
      <Graph label={label} nodes={nodes} edges={edges} {...(isSmall ? small : common)}>
        {(id) => (
          <StepNode
            step={steps.find(({ name }) => name === id)!}
            record={records?.get(id)}
            isCurrent={id === current}
            isSmall={isSmall}
            onPick={() => onPick(id)}
          />
        )}
      </Graph>
    </div>
  )
}
