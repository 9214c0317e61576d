import type { StepDefinition } from '../../contract/pipeline.ts'
import type { StepRecord } from '../../contract/run.ts'
import { Mark } from '../components/mark.tsx'
import { duration } from '../format.ts'
import { ranFor } from '../runs/run-words.tsx'
import { stepMarks } from '../runs/states.tsx'
import { conditionText, workText } from './step-graph.ts'

const tones: Partial<Record<StepRecord['state'], string>> = {
  succeeded: 'good',
  reused: 'good',
  failed: 'bad',
  stopped: 'warning',
  running: 'working',
}

/** What is to know of a step before it ran: its condition, its fan-out, what it does to the world. */
export function stepTraits({ when, forEach, sideEffects, retries }: StepDefinition): string[] {
  return [
    ...(when ? [`when ${conditionText(when)}`] : []),
    ...(forEach ? [`for each of ${forEach}`] : []),
    ...(sideEffects ? ['changes the world: never reused'] : []),
    ...(retries.attempts > 1 ? [`tried up to ${retries.attempts} times`] : []),
  ]
}

function detailOf(step: StepDefinition, record: StepRecord | undefined): string {
  if (!record) return stepTraits(step)[0] ?? workText(step)
  const { state, elements, progress } = record
  if (state === 'running' && progress) return `${Math.round(progress.done * 100)} % ${progress.message}`
  const took = state === 'succeeded' || state === 'failed' || state === 'running' ? ` ${duration(ranFor(record))}` : ''
  return elements ? `${elements.ran + elements.reused} of ${elements.total} ${state}${took}` : `${state}${took}`
}

/** A step as a node of the graph: its shape says its state, or what sort of step it is. */
export function StepNode({
  step,
  record,
  isCurrent,
  isSmall = false,
  onPick,
}: {
  step: StepDefinition
  record?: StepRecord | undefined
  isCurrent: boolean
  /** Says how long it took, and its state by its shape alone. */
  isSmall?: boolean
  onPick: () => void
}) {
  const all = detailOf(step, record)
  const detail = isSmall && record?.state === 'succeeded' ? duration(ranFor(record)) : all
  return (
    <button
      type="button"
      className={`graph-node${record ? ` state-${tones[record.state] ?? 'idle'}` : ''}${step.when ? ' conditional' : ''}`}
      aria-current={isCurrent ? 'true' : undefined}
      onClick={onPick}
      title={[workText(step), ...stepTraits(step), ...(record ? [record.because] : [])].filter(Boolean).join('\n')}
    >
      <strong>
        {record && <Mark name={stepMarks[record.state]} />} {step.name}
        {step.forEach !== undefined && <span className="muted"> ×n</span>}
      </strong>
      <span className="muted">
        {detail !== all && <span className="visually-hidden">succeeded </span>}
        {detail}
        {step.sideEffects && ' ⚡'}
      </span>
    </button>
  )
}
