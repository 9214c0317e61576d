import { Link } from '@tanstack/react-router'
import type { RunRow } from '../../contract/run-row.ts'
import { Mark } from '../components/mark.tsx'
import { duration } from '../format.ts'
import { ranFor } from '../runs/run-words.tsx'
import { runMarks } from '../runs/states.tsx'
import { absoluteTime } from '../time.ts'

/** The last runs as their states, the newest to the right; each is the way to the run. */
export function RunStrip({ rows, shown = 16 }: { rows: readonly RunRow[]; shown?: number }) {
  if (rows.length === 0) return <span className="muted">never ran</span>
  return (
    <ol className="run-strip" aria-label="The last runs, the newest last">
      {rows
        .slice(0, shown)
        .reverse()
        .map((row) => (
          <li key={row.id}>
            <Link
              to="/runs/$run"
              params={{ run: row.id }}
              aria-label={`${row.state} after ${duration(ranFor(row))}, ${absoluteTime(row.time)}`}
              title={`${row.state} after ${duration(ranFor(row))}, ${absoluteTime(row.time)} UTC\n${row.startedBy}: ${row.reason}`}
            >
              <Mark name={runMarks[row.state]} />
            </Link>
          </li>
        ))}
    </ol>
  )
}
