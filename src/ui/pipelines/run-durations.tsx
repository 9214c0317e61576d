import { useNavigate } from '@tanstack/react-router'
import type { RunRow } from '../../contract/run-row.ts'
import { Figure } from '../components/chart/figure.tsx'
import { token } from '../components/chart/token.ts'
import { csvOf } from '../components/csv.ts'
import type { Column } from '../components/data-table.tsx'
import { duration } from '../format.ts'
import { ranFor } from '../runs/run-words.tsx'
import { absoluteTime } from '../time.ts'

const height = 120
const colors: Record<RunRow['state'], string> = {
  queued: '--text-muted',
  running: '--working',
  succeeded: '--good',
  failed: '--bad',
  stopped: '--warning',
  interrupted: '--warning',
}

const columns: Column<RunRow>[] = [
  { id: 'run', header: 'Run', accessorFn: ({ id }) => id },
  { id: 'state', header: 'State', accessorFn: ({ state }) => state },
  { id: 'time', header: 'Time, UTC', accessorFn: ({ time }) => absoluteTime(time) },
  { id: 'took', header: 'Took, ms', accessorFn: (row) => ranFor(row) },
]

function svgOf(pipeline: string, rows: readonly RunRow[], longest: number): string {
  const bars = rows.map((row, at) => {
    const tall = Math.max(2, (height * (ranFor(row) ?? 0)) / longest)
    return `<rect x="${10 + at * 18}" y="${150 - tall}" width="13" height="${tall}" fill="${token(colors[row.state])}"/>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.max(300, 20 + rows.length * 18)}" height="170" font-family="sans-serif" font-size="12" fill="${token('--text')}"><rect width="100%" height="100%" fill="${token('--surface')}"/><text x="10" y="16">${pipeline}: up to ${duration(longest)}</text>${bars.join('')}</svg>`
}

/** How long the last runs took, the newest to the right. @param rows newest first. */
export function RunDurations({
  pipeline,
  rows,
  current,
}: {
  pipeline: string
  rows: readonly RunRow[]
  current: string | undefined
}) {
  const navigate = useNavigate()
  const shown = [...rows].reverse()
  const longest = Math.max(1, ...shown.map((row) => ranFor(row) ?? 0))
  return (
    <Figure
      title="Duration of the last runs"
      says="A bar for each run, the newest to the right, as high as it took long; dashed ones did not succeed. Choose one to see its steps above."
      files={
        rows.length === 0 ? null : { csv: () => csvOf(shown, columns), svg: () => svgOf(pipeline, shown, longest) }
      }
      className="run-durations"
    >
      {rows.length === 0 ? (
        <p className="muted">It never ran.</p>
      ) : (
        <>
          <p className="muted numbers">{duration(longest)}</p>
          <ol style={{ height }}>
            {shown.map((row) => (
              <li key={row.id}>
                <button
                  type="button"
                  aria-current={row.id === current ? 'true' : undefined}
                  aria-label={`${row.state} after ${duration(ranFor(row))}, ${absoluteTime(row.time)}`}
                  title={`${row.state} after ${duration(ranFor(row))}, ${absoluteTime(row.time)} UTC\n${row.reason}`}
                  onClick={() =>
                    void navigate({
                      to: '/pipelines/$pipeline',
                      params: { pipeline },
                      search: (before) => ({ ...before, run: row.id }),
                      resetScroll: false,
                    })
                  }
                >
                  <i
                    className={row.state === 'succeeded' ? '' : 'not-good'}
                    style={{
                      height: Math.max(3, (height * (ranFor(row) ?? 0)) / longest),
                      background: `var(${colors[row.state]})`,
                    }}
                  />
                </button>
              </li>
            ))}
          </ol>
        </>
      )}
    </Figure>
  )
}
