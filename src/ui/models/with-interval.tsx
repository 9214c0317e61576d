import type { Figure } from '../../contract/model.ts'
import { figure } from '../format.ts'

/** A value with its 95 % interval; the rows behind it on hover. */
export function WithInterval({ of }: { of: Figure | null | undefined }) {
  if (!of) return <span className="muted">–</span>
  return (
    <span title={`${of.rows.toLocaleString('en')} rows`}>
      {figure(of.value)}
      {of.low !== null && of.high !== null && (
        <span className="muted">
          {' '}
          ({figure(of.low, 3)}
          {of.low < 0 ? ' to ' : '–'}
          {figure(of.high, 3)})
        </span>
      )}
    </span>
  )
}
