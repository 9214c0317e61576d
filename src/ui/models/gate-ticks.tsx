import type { Verdict } from '../../contract/model.ts'
import { Mark } from '../components/mark.tsx'
import { figure } from '../format.ts'

/** A tick or a cross for each gate, in their order; each says its gate and figures on hover. */
export function GateTicks({ verdicts }: { verdicts: readonly Verdict[] }) {
  if (verdicts.length === 0) return <span className="muted">none</span>
  const passed = verdicts.filter((verdict) => verdict.passed).length
  return (
    <span className="ticks">
      {verdicts.map((verdict) => (
        <span key={verdict.gate} title={`${verdict.gate}: ${verdict.message}`}>
          <Mark name={verdict.passed ? 'good' : 'bad'} />
        </span>
      ))}
      <span className="muted">
        {passed} of {verdicts.length}
      </span>
    </span>
  )
}

/** The first gate that refused it, with what was measured, the bound and where. */
export function WhyRefused({ verdicts }: { verdicts: readonly Verdict[] }) {
  const [first, ...others] = verdicts.filter(({ passed }) => !passed)
  if (!first) return <span className="muted">–</span>
  const { gate, measured, bound, segment, message } = first
  return (
    <span className="why" title={message}>
      {measured !== null && bound !== null && (
        <>
          <strong>{figure(measured, 3)}</strong>, bound {figure(bound, 3)}
          {segment !== null && `, ${segment}`}:{' '}
        </>
      )}
      {gate}
      {measured === null && `: ${message}`}
      {others.length > 0 && <span className="muted">; {others.length} more</span>}
    </span>
  )
}
