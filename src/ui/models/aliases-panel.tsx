import { useQuery } from '@tanstack/react-query'
import type { AliasRecord } from '../../contract/model.ts'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { reading } from '../queries.ts'

/** Where the aliases of a model point, and where they pointed before, by whom. */
export function AliasesPanel({ model, aliases, now }: { model: string; aliases: readonly AliasRecord[]; now: number }) {
  const asked = { subject: `model:${model}`, limit: 50 }
  const moves = useQuery(reading('events', { query: { ...asked, type: 'model.alias-moved' } }))
  const removals = useQuery(reading('events', { query: { ...asked, type: 'model.alias-removed' } }))
  const events = [...(moves.data?.events ?? []), ...(removals.data?.events ?? [])].sort((a, b) => b.seq - a.seq)
  const error = moves.error ?? removals.error
  const isThere = moves.data !== undefined && removals.data !== undefined
  return (
    <Panel
      title="Aliases"
      says="Names that point at a version, and every move of them; production follows what serves."
    >
      {error && !isThere ? (
        <ErrorState error={error} retry={() => void Promise.all([moves.refetch(), removals.refetch()])} />
      ) : !isThere ? (
        <Loading what="aliases" />
      ) : aliases.length === 0 && events.length === 0 ? (
        <EmptyState>No alias points at a version of it yet: production will, once one serves.</EmptyState>
      ) : (
        <>
          <p>
            {aliases.map(({ alias, version }) => (
              <span key={alias} className="alias">
                <span className="tag">{alias}</span> → <Ref to={`model-version:${version}`} />
              </span>
            ))}
          </p>
          <ol className="moves">
            {events.slice(0, asked.limit).map(({ seq, time, actor, data: { alias, from, to, reason } }) => (
              <li key={seq}>
                <When time={time} now={now} />
                <span className="tag">{String(alias)}</span>
                <span>
                  {typeof from === 'string' ? <Ref to={`model-version:${from}`} /> : 'nothing'} →{' '}
                  {typeof to === 'string' ? <Ref to={`model-version:${to}`} /> : 'nothing'}
                </span>
                <span className="muted">
                  by <Ref to={actor}>{actor}</Ref>
                  {typeof reason === 'string' && `: ${reason}`}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </Panel>
  )
}
