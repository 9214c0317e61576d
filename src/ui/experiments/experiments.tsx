import { getRouteApi, Link } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { useProjectTime } from '../clock.ts'
import { Choice } from '../components/choice.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { When } from '../components/when.tsx'
import { count } from '../format.ts'
import { FolderPath } from './folder-path.tsx'
import { MoveExperiments } from './move-experiments.tsx'
import { type ExperimentsSearch, experimentsSearch } from './search.ts'
import { type Entry, useExperiments, useFolder } from './use-experiments.ts'

const route = getRouteApi('/experiments')
const lifecycles = ['active', 'deleted', 'all'] as const
const lifecycleWords = { active: 'Active', deleted: 'Deleted', all: 'Active and deleted' } as const

function columnsOf(
  now: number,
  { folder, hasFolders }: { folder: string; hasFolders: boolean },
  chosen: ReadonlySet<string>,
  toggle: (id: string) => void,
): Column<Entry>[] {
  const nothing = <span className="muted">–</span>
  return [
    {
      id: 'pick',
      header: '',
      enableSorting: false,
      accessorFn: () => '',
      meta: { width: '36px' },
      cell: ({ row: { original } }) =>
        original.kind === 'folder' ? null : (
          <label className="pick">
            <input
              type="checkbox"
              aria-label={`Choose ${original.name}`}
              checked={chosen.has(original.id)}
              onChange={() => toggle(original.id)}
            />
          </label>
        ),
    },
    {
      id: 'name',
      header: 'Experiment',
      accessorFn: ({ name }) => name,
      cell: ({ row: { original } }) =>
        original.kind === 'folder' ? (
          <Link to="/experiments" search={{ folder: original.path }} className="folder">
            {original.name}/
          </Link>
        ) : (
          <>
            <Link
              to="/experiments/$experiments"
              params={{ experiments: original.id }}
              search={{}}
              title={original.name}
            >
              {folder !== '' && original.name.startsWith(`${folder}/`)
                ? original.name.slice(folder.length + 1)
                : original.name}
            </Link>
            {original.isDeleted && <span className="muted"> deleted</span>}
          </>
        ),
    },
    {
      id: 'runs',
      header: 'Runs',
      accessorFn: ({ runs }) => runs,
      meta: { numeric: true },
      cell: ({ row: { original } }) =>
        original.kind === 'folder' ? (
          <Link to="/experiments/$experiments" params={{ experiments: `folder:${original.path}` }} search={{}}>
            {count(original.runs)} below
          </Link>
        ) : (
          count(original.runs)
        ),
    },
    ...(hasFolders
      ? [
          {
            id: 'below',
            header: 'Experiments below',
            accessorFn: (entry: Entry) => (entry.kind === 'folder' ? entry.experiments : undefined),
            sortUndefined: 'last',
            meta: { numeric: true },
          } satisfies Column<Entry>,
        ]
      : []),
    {
      id: 'running',
      header: 'Running',
      accessorFn: (entry) => (entry.kind === 'folder' ? undefined : entry.running),
      sortUndefined: 'last',
      meta: { numeric: true },
      cell: ({ row: { original } }) =>
        original.kind === 'folder' ? null : original.running === 0 ? (
          nothing
        ) : (
          <>
            <Mark name="working" /> {count(original.running)}
          </>
        ),
    },
    {
      id: 'last',
      header: 'Last activity',
      accessorFn: (entry) => (entry.kind === 'folder' ? undefined : (entry.lastAt ?? undefined)),
      sortUndefined: 'last',
      cell: ({ row: { original } }) =>
        original.kind === 'folder' ? null : original.lastAt === null ? (
          <span className="muted">no run yet</span>
        ) : (
          <When time={original.lastAt} now={now} />
        ),
    },
    {
      id: 'created',
      header: 'Created',
      accessorFn: (entry) => (entry.kind === 'folder' ? undefined : entry.createdAt),
      sortUndefined: 'last',
      cell: ({ row: { original } }) =>
        original.kind === 'folder' ? null : <When time={original.createdAt} now={now} />,
    },
    {
      id: 'id',
      header: 'Id',
      accessorFn: (entry) => (entry.kind === 'folder' ? undefined : Number(entry.id)),
      sortUndefined: 'last',
      meta: { numeric: true },
    },
  ]
}

const matchesAll = (words: readonly string[], entry: Entry): boolean => {
  const said = entry.kind === 'folder' ? [entry.name] : [entry.id, entry.name, ...Object.entries(entry.tags).flat()]
  const text = said.join(' ').toLowerCase()
  return words.every((word) => text.includes(word))
}

/** What scripts log, by experiment: where something goes on, and where one left off. */
export function Experiments() {
  const given = route.useSearch()
  const search = useMemo(() => experimentsSearch(given), [given])
  const navigate = route.useNavigate()
  const now = useProjectTime()?.now
  const minute = now === undefined ? undefined : Math.floor(now / 60_000) * 60_000 + 59_999
  const lifecycle = search.lifecycle ?? 'active'
  const folder = search.folder ?? ''
  const wanted = search.q ?? ''
  const words = useMemo(() => wanted.toLowerCase().split(/\s+/), [wanted])
  // A folder is looked into; whoever searches, or looks for what was deleted, searches below it, too.
  const isFlat = wanted !== '' || lifecycle !== 'active'
  const level = useFolder(folder, !isFlat)
  const all = useExperiments({ folder, lifecycle, text: '' }, isFlat)
  // Where there are more than come at once, the server looks for the longest word in their names.
  const text = words.reduce((longest, word) => (word.length > longest.length ? word : longest), '')
  const isNarrowed = isFlat && text !== '' && all.entries !== undefined && !all.isWhole
  const narrowed = useExperiments({ folder, lifecycle, text }, isNarrowed)
  const { entries: data, error, isWhole, isReading, more, retry } = !isFlat ? level : isNarrowed ? narrowed : all
  const change = useCallback(
    (next: ExperimentsSearch) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
  )
  const shown = useMemo(() => (data ?? []).filter((entry) => matchesAll(words, entry)), [data, words])
  const hasFolders = useMemo(() => shown.some(({ kind }) => kind === 'folder'), [shown])
  const chosen = useMemo(() => new Set(search.pick?.split(',')), [search.pick])
  const columns = useMemo(
    () =>
      columnsOf(minute ?? 0, { folder, hasFolders }, chosen, (id) => {
        const next = new Set(chosen)
        if (!next.delete(id)) next.add(id)
        change({ pick: [...next].join(',') || undefined })
      }),
    [minute, folder, hasFolders, chosen, change],
  )
  const isEmpty =
    folder === '' &&
    (data?.every((entry) => entry.kind === 'experiment' && entry.runs === 0 && entry.id === '0') ?? false)
  const open = (entry: Entry): void =>
    void (entry.kind === 'folder'
      ? navigate({ search: { folder: entry.path } })
      : navigate({ to: '/experiments/$experiments', params: { experiments: entry.id }, search: {} }))
  return (
    <Screen
      title="Experiments"
      says={
        <>
          What scripts log with MLflow: their runs, by experiment. Runs of pipelines are in{' '}
          <Link to="/runs" search={{}}>
            Runs
          </Link>
          .
        </>
      }
      className="experiments runs"
      actions={
        chosen.size > 0 ? (
          <>
            <button type="button" onClick={() => change({ pick: undefined })}>
              Choose none
            </button>
            <MoveExperiments
              key={search.pick}
              asked={{ experiments: [...chosen] }}
              onDone={(into) => change({ pick: undefined, folder: into || undefined })}
            />
            <Link
              to="/experiments/$experiments"
              params={{ experiments: [...chosen].join(',') }}
              search={{}}
              className="button primary"
            >
              Show runs of {chosen.size}
            </Link>
          </>
        ) : folder !== '' ? (
          <>
            <MoveExperiments key={folder} asked={{ folder }} onDone={(as) => change({ folder: as })} />
            <Link
              to="/experiments/$experiments"
              params={{ experiments: `folder:${folder}` }}
              search={{}}
              className="button primary"
            >
              Show all runs below
            </Link>
          </>
        ) : (
          <button type="button" disabled title="Choose experiments by the boxes before them">
            Show runs
          </button>
        )
      }
    >
      <Panel
        title={isFlat || folder === '' ? 'All experiments' : folder}
        says="A row for each experiment, with its runs that are not deleted; choose several to see their runs in one table. A name with a / lies in a folder."
      >
        {error && !data ? (
          <ErrorState error={error} retry={retry} />
        ) : !data || minute === undefined ? (
          <Loading what="experiments" />
        ) : isEmpty && lifecycle === 'active' ? (
          <EmptyState command={`export MLFLOW_TRACKING_URI=${location.origin}`}>
            No script has logged here yet: with this, scripts that call mlflow do.
          </EmptyState>
        ) : (
          <>
            {folder !== '' && <FolderPath folder={folder} />}
            <TableTools
              filter={wanted}
              onFilter={(q) => change({ q: q || undefined })}
              rows={shown}
              total={data.length}
              columns={columns}
              name="experiments"
            >
              <Choice
                label="Lifecycle"
                value={lifecycle}
                values={lifecycles}
                words={(value) => lifecycleWords[value as keyof typeof lifecycleWords]}
                choose={(value) => change({ lifecycle: value === 'active' ? undefined : (value as typeof lifecycle) })}
              />
              <SavedViews />
              {!isWhole && (
                <button type="button" disabled={isReading} onClick={more}>
                  {isReading ? 'Reading…' : 'Show more'}
                </button>
              )}
            </TableTools>
            {shown.length === 0 ? (
              <EmptyState>
                {wanted === '' ? 'Nothing lies here.' : 'No experiment fits: take away a word of the filter.'}
              </EmptyState>
            ) : (
              <DataTable
                rows={shown}
                columns={columns}
                caption="Experiments"
                rowId={(entry) => (entry.kind === 'folder' ? `${entry.path}/` : entry.id)}
                height={640}
                sort={search.sort}
                onSort={(sort) => change({ sort })}
                onOpen={open}
              />
            )}
          </>
        )}
      </Panel>
    </Screen>
  )
}
