import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { TrackedRunDetail } from '../../contract/tracking-view.ts'
import { type Answer, type ApiError, call } from '../api.ts'
import { ArtifactPreview } from '../components/artifact-preview.tsx'
import { Choice } from '../components/choice.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { bytes, counted } from '../format.ts'
import { reading } from '../queries.ts'
import type { TrackedRunSearch } from './search.ts'

type Entry = Answer<'trackedFiles'>['entries'][number]
type Owner = { run: string } | { model: string }
const refreshMs = 5_000

const columns: Column<Entry>[] = [
  {
    id: 'name',
    header: 'Name',
    accessorFn: ({ name }) => name,
    cell: ({ row: { original } }) => (original.isFolder ? <strong>{original.name}/</strong> : original.name),
  },
  {
    id: 'size',
    header: 'Size',
    accessorFn: ({ size }) => size ?? undefined,
    sortUndefined: 'last',
    meta: { numeric: true },
    cell: ({ row: { original } }) => (original.size === null ? '' : bytes(original.size)),
  },
]

/** All entries of a folder so far, page by page. */
function useFolder(owner: Owner, path: string, isGoingOn: boolean) {
  const [pages, setPages] = useState(1)
  const query = useQuery<Answer<'trackedFiles'>, ApiError>({
    queryKey: ['files of a run', owner, path, pages],
    queryFn: async () => {
      const entries: Entry[] = []
      for (let page = 1; ; page += 1) {
        const last = entries.at(-1)
        const after = last === undefined ? {} : { after: last.isFolder ? `${last.name}/` : last.name }
        const answer = await call('trackedFiles', { query: { ...owner, path, ...after } })
        entries.push(...answer.entries)
        if (answer.isWhole || page >= pages) return { ...answer, entries }
      }
    },
    refetchInterval: isGoingOn ? refreshMs : false,
    placeholderData: (before, asked) => (asked?.queryKey[2] === path ? before : undefined),
  })
  return { ...query, more: () => setPages(pages + 1) }
}

/** The files that a run left, or one of its models: folders, and what a file looks like. */
export function RunFiles({
  run,
  models,
  search,
  change,
  isGoingOn,
}: {
  run: string
  models: TrackedRunDetail['modelsOut']
  search: TrackedRunSearch
  change: (search: TrackedRunSearch) => void
  isGoingOn: boolean
}) {
  const owner = useMemo(
    (): Owner => (search.model === undefined ? { run } : { model: search.model }),
    [run, search.model],
  )
  const path = search.path ?? ''
  // A path that ends with `/` is a folder, another one a file within its folder.
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const file = path.endsWith('/') || path === '' ? null : path
  const { data, error, refetch, more } = useFolder(owner, folder.replace(/\/$/, ''), isGoingOn)
  const names = folder.split('/').slice(0, -1)
  const words = (id: string): string =>
    id === run ? 'The run' : `Model ${models.find((model) => model.id === id)?.name ?? id}`
  return (
    <div className="columns files">
      <Panel
        title="Files"
        says={search.model === undefined ? 'What the script left with its run.' : 'What belongs to this model.'}
        actions={
          <Choice
            label="Whose files"
            value={search.model ?? run}
            values={[run, ...models.map(({ id }) => id)]}
            words={words}
            choose={(id) => change({ model: id === run ? undefined : id, path: undefined })}
          />
        }
      >
        <nav className="file-path" aria-label="Folder">
          <button type="button" onClick={() => change({ path: undefined })}>
            {words(search.model ?? run)}
          </button>
          {names.map((name, depth) => (
            <span key={names.slice(0, depth + 1).join('/')}>
              {' / '}
              <button type="button" onClick={() => change({ path: `${names.slice(0, depth + 1).join('/')}/` })}>
                {name}
              </button>
            </span>
          ))}
        </nav>
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading what="files" />
        ) : data.entries.length === 0 ? (
          <EmptyState>{folder === '' ? 'It left no files.' : 'There is nothing in this folder.'}</EmptyState>
        ) : (
          <DataTable
            rows={data.entries}
            columns={columns}
            caption="Files"
            rowId={({ name, isFolder }) => `${name}${isFolder ? '/' : ''}`}
            height={480}
            current={file === null ? undefined : file.slice(folder.length)}
            onOpen={({ name, isFolder }) => change({ path: `${folder}${name}${isFolder ? '/' : ''}` })}
          />
        )}
        {data && !data.isWhole && (
          <p>
            {counted(data.entries.length, 'entry', 'entries')} so far.{' '}
            <button type="button" onClick={more}>
              Show more
            </button>
          </p>
        )}
      </Panel>
      {/* On a phone it stands below the files, and would be pushed down by them. */}
      {file !== null && data && <OneFile key={file} owner={owner} path={file} root={data.root} />}
    </div>
  )
}

function OneFile({ owner, path, root }: { owner: Owner; path: string; root: string }) {
  const { data, error, refetch } = useQuery(reading('trackedFilePreview', { query: { ...owner, path } }))
  const name = path.split('/').at(-1)!
  return (
    <Panel
      title={name}
      says="The beginning of the file, as far as a person can read it."
      actions={
        <a
          className="button"
          download={name}
          href={`/api/2.0/mlflow-artifacts/artifacts/${[root, path].join('/').split('/').map(encodeURIComponent).join('/')}`}
        >
          Save
        </a>
      }
    >
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data ? (
        <ArtifactPreview preview={data} name={name} />
      ) : (
        <Loading what={name} />
      )}
    </Panel>
  )
}
