import type { ReactNode } from 'react'
import type { Answer } from '../api.ts'
import { Changed } from '../components/code.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { count, counted, figure } from '../format.ts'
import { shortRun } from './run-words.tsx'

type Diff = Answer<'diff'>

const signs = { add: 'added', change: 'changed', remove: 'removed' } as const
/** What is longer is cut, and says so. */
const most = 30

function Part({ title, items }: { title: string; items: readonly { key: string; content: ReactNode }[] }) {
  if (items.length === 0) return null
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <ul>
        {items.slice(0, most).map(({ key, content }) => (
          <li key={key}>{content}</li>
        ))}
        {items.length > most && <li className="muted">and {count(items.length - most)} more</li>}
      </ul>
    </section>
  )
}

const differences = (all: Diff['settings']) =>
  all.map(({ path, from, to }) => ({
    key: path,
    content: (
      <>
        {path}: <Changed before={from ?? undefined} after={to ?? undefined} />
      </>
    ),
  }))

const lines = (added: number | null, removed: number | null): string =>
  added === null || removed === null ? '' : `, +${count(added)} −${count(removed)} lines`

/** Every part in which a run differs from the first: settings, definition, code, packages, data. */
export function DiffPanel({
  from,
  to,
  diff,
  error,
  retry,
}: {
  from: string
  to: string
  diff: Diff | undefined
  error: Error | null
  retry: () => void
}) {
  return (
    <Panel
      title={`From ${shortRun(from)} to ${shortRun(to)}`}
      says="What was changed between the two, in code, packages, definition, settings and data."
      className="run-diff"
    >
      {error && !diff ? (
        <ErrorState error={error} retry={retry} />
      ) : !diff ? (
        <Loading what="the differences" />
      ) : (
        <>
          <Part title="Settings" items={differences(diff.settings)} />
          <Part title="Where it ran" items={differences(diff.environment)} />
          <Part
            title="Definition"
            items={diff.definition.flatMap(({ action, what, differences: within }) => [
              { key: what, content: `${what} was ${signs[action]}` },
              ...(action === 'change'
                ? differences(within).map(({ key, content }) => ({ key: `${what} ${key}`, content }))
                : []),
            ])}
          />
          <Part
            title="Code"
            items={diff.code.map(({ path, action, linesAdded, linesRemoved }) => ({
              key: path,
              content: (
                <>
                  <code>{path}</code> was {signs[action]}
                  {lines(linesAdded, linesRemoved)}
                </>
              ),
            }))}
          />
          <Part
            title="Packages"
            items={diff.packages.map(({ name, from: before, to: after }) => ({
              key: name,
              content: (
                <>
                  {name}: <Changed before={before ?? undefined} after={after ?? undefined} />
                </>
              ),
            }))}
          />
          <Part
            title="Data"
            items={diff.data.flatMap(
              ({ dataset, from: before, to: after, rows, batchesAdded, batchesRemoved, columns }) => [
                {
                  key: dataset,
                  content: (
                    <>
                      <Ref to={`dataset:${dataset}`} />{' '}
                      <Changed before={before ?? undefined} after={after ?? undefined} />:{' '}
                      {rows > 0 ? '+' : rows < 0 ? '−' : ''}
                      {counted(Math.abs(rows), 'row')}, {counted(batchesAdded, 'batch', 'batches')} more,{' '}
                      {count(batchesRemoved)} fewer
                    </>
                  ),
                },
                ...columns.map(({ column, statistic, from: was, to: is }) => ({
                  key: `${dataset} ${column} ${statistic}`,
                  content: (
                    <>
                      {statistic} of {column}: <Changed before={figure(was)} after={figure(is)} />
                    </>
                  ),
                })),
              ],
            )}
          />
          {diff.settings.length +
            diff.environment.length +
            diff.definition.length +
            diff.code.length +
            diff.packages.length +
            diff.data.length ===
            0 && (
            <p className="muted">
              {diff.compared.length === 0
                ? 'Nothing of the two could be compared.'
                : `Nothing: ${diff.compared.join(', ')} are the same but for what stands above.`}
            </p>
          )}
        </>
      )}
    </Panel>
  )
}
