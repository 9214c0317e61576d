import type { ModelVersionRecord } from '../../contract/model.ts'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { PlainTable } from '../components/plain-table.tsx'
import { EmptyState } from '../components/states.tsx'
import { figure } from '../format.ts'

/** What it had to prove, and what was measured; what refused it comes first. */
export function GatesPanel({ version }: { version: ModelVersionRecord }) {
  const verdicts = [...version.verdicts].sort((a, b) => Number(a.passed) - Number(b.passed))
  return (
    <Panel title="Gates" says="What it had to prove before it could be registered: measured, bound, and where.">
      {verdicts.length === 0 ? (
        <EmptyState>It had to prove nothing: its model states no gate.</EmptyState>
      ) : (
        <PlainTable label="Gates with their figures">
          <table>
            <thead>
              <tr>
                <th scope="col">Gate</th>
                <th scope="col" className="numeric">
                  Measured
                </th>
                <th scope="col" className="numeric">
                  Bound
                </th>
                <th scope="col">Where</th>
                <th scope="col">What was found</th>
              </tr>
            </thead>
            <tbody>
              {verdicts.map(({ gate, passed, measured, bound, segment, message }) => (
                <tr key={gate} className={passed ? '' : 'failed'}>
                  <th scope="row">
                    <Mark name={passed ? 'good' : 'bad'} /> {gate}
                    <span className="visually-hidden">{passed ? ': passed' : ': refused'}</span>
                  </th>
                  <td className="numeric">{figure(measured, 3)}</td>
                  <td className="numeric">{figure(bound, 3)}</td>
                  <td>{segment ?? 'all rows'}</td>
                  <td className="found">{message}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </PlainTable>
      )}
    </Panel>
  )
}
