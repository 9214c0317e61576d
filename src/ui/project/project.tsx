import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { Definition } from '../../contract/definition.ts'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { JsonTree } from '../components/code.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Hash, Ref } from '../components/ref.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Facts, Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { When } from '../components/when.tsx'
import { counted } from '../format.ts'
import { reading } from '../queries.ts'
import { useSession } from '../session/session.ts'
import { Changes } from './changes.tsx'
import { HistoryPanel } from './history-panel.tsx'
import { type Part, partsOf } from './parts.ts'
import type { ProjectSearch } from './project-search.ts'

const route = getRouteApi('/project')
type Applied = Answer<'definition'>

const columns: Column<Part>[] = [
  { id: 'kind', header: 'Kind', accessorFn: ({ kind }) => kind },
  {
    id: 'name',
    header: 'Name',
    accessorFn: ({ name }) => name,
    cell: ({ row: { original } }) =>
      original.subject ? <Ref to={original.subject}>{original.name}</Ref> : original.name,
  },
  { id: 'says', header: 'What it is', accessorFn: ({ says }) => says },
]

/** Whether the files on the disk still say what is in force. */
function FolderPanel() {
  const session = useSession()
  const may = session?.may.includes('developer') ?? false
  const { data, error, refetch, isFetching } = useQuery({
    ...reading('projectFolder'),
    enabled: may,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  })
  return (
    <Panel
      title="On the disk"
      says="Whether the files of the project's folder still say what is in force."
      className="folder-panel"
      actions={
        <button type="button" disabled={!may || isFetching} onClick={() => void refetch()}>
          {isFetching ? 'Looking…' : 'Look again'}
        </button>
      }
    >
      {session && !may ? (
        <p className="muted">Looking runs the code of the folder: it needs the role developer.</p>
      ) : error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="the files" />
      ) : data.problem !== null ? (
        <>
          <p>
            <Mark name="bad" /> The files cannot be loaded.
          </p>
          <p className="problem">{data.problem}</p>
        </>
      ) : data.changes.length === 0 ? (
        <p>
          <Mark name="good" /> They say what is in force.
        </p>
      ) : (
        <>
          <p>
            <Mark name="warning" /> Applying them would change {counted(data.changes.length, 'part')}:
          </p>
          <Changes changes={data.changes} />
        </>
      )}
      {data && <p className="muted folder-path">{data.projectDir}</p>}
    </Panel>
  )
}

/** Values for steps and commands; of secrets only where they are. */
function SettingsPanel({ definition: { settings, environments, retention, clock } }: { definition: Definition }) {
  const secrets = environments.flatMap(({ name, secrets: own = {} }) =>
    Object.entries(own).map(([secret, where]) => ({
      id: `${name} ${secret}`,
      says: `${secret} in ${name}`,
      where: 'env' in where ? `the variable ${where.env}` : `the file ${where.file}`,
    })),
  )
  return (
    <Panel
      title="Settings"
      says="What steps are told everywhere, and where secrets are: their values are in no definition."
    >
      <Facts
        facts={[
          ['Clock', clock.mode === 'replay' ? 'a replay of history' : 'live'],
          ['Runs are kept', `${retention.runsDays} d`],
          ['Predictions', `${retention.predictionsDays} d`],
          ['Unused models', `${retention.modelsDays} d`],
          ...secrets.map(({ says, where }) => [says, `from ${where}`] as const),
        ]}
      />
      {Object.keys(settings).length > 0 && <JsonTree value={settings} name="settings" />}
    </Panel>
  )
}

function Applied({ applied, now }: { applied: Applied; now: number }) {
  const { definition, id, appliedAt, appliedBy, origin, packageHash, current } = applied
  const { brief } = definition
  return (
    <>
      <Panel
        title={current ? 'In force' : 'Was in force'}
        says="The definition that everything here goes by, named by the hash of all that it says."
      >
        <Facts
          facts={[
            ['Project', definition.name],
            ['Definition', <Hash key="hash" value={id} to={`definition:${id}`} />],
            ['Applied', <When key="when" time={appliedAt} now={now} />],
            ['By', appliedBy],
            ['From', origin === 'package' ? 'a package' : 'a folder'],
            ['Its code', packageHash ? <Hash key="code" value={packageHash} to={`package:${packageHash}`} /> : '–'],
          ]}
        />
      </Panel>
      <Panel title="Brief" says="What the project is for, and by what one sees that it works.">
        {brief ? (
          <Facts
            facts={[
              ['Objective', brief.objective],
              ['Owner', brief.owner],
              ['Success', brief.success ?? '–'],
              ['Errors', brief.errors ?? '–'],
              ...(brief.data ? [['Data', brief.data] as const] : []),
            ]}
          />
        ) : (
          <EmptyState>The definition states no brief: say in defineProject what it is for, and who owns it.</EmptyState>
        )}
      </Panel>
    </>
  )
}

/** The definition in force, or an earlier one: part by part, beside the files, and what changed when. */
export function Project() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const now = useProjectTime()?.now ?? Date.now()
  const inForce = useQuery(reading('project'))
  const isNamed = search.definition !== undefined && search.definition !== inForce.data?.applied?.id
  const named = useQuery({
    ...reading('definition', { params: { definition: search.definition ?? '' } }),
    enabled: isNamed && inForce.data !== undefined,
  })
  const keep = useCallback(
    (change: ProjectSearch): void =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false }),
    [navigate],
  )
  const applied = isNamed ? named.data : (inForce.data?.applied ?? undefined)
  const asked = isNamed && inForce.data ? named : inForce
  const parts = useMemo(() => (applied ? partsOf(applied.definition) : []), [applied])
  const open = parts.find(({ id }) => id === search.part)
  return (
    <Screen
      title="Project"
      says="The definition in force, part by part; whether the files still say so; and what changed when."
      className="project-screen"
    >
      {asked.error && !asked.data ? (
        <Panel title="Definition">
          <ErrorState error={asked.error} retry={() => void asked.refetch()} />
        </Panel>
      ) : inForce.data?.applied === null ? (
        <Panel title="Definition">
          <EmptyState command="npx millwright apply">
            No project is applied yet: state it in millwright.config.ts, and apply it.
          </EmptyState>
        </Panel>
      ) : !applied ? (
        <Panel title="Definition" className="project-waits">
          <Loading what="the definition" />
        </Panel>
      ) : (
        <>
          {isNamed && (
            <p>
              <Mark name="info" /> You see an earlier definition.{' '}
              <button type="button" onClick={() => keep({ definition: undefined })}>
                Show the one in force
              </button>
            </p>
          )}
          <div className="columns">
            <Applied applied={applied} now={now} />
            {!isNamed && <FolderPanel />}
            <SettingsPanel definition={applied.definition} />
          </div>
          <div className={open ? 'with-one' : ''}>
            <Panel title="Parts" says="Every part of the definition; choose one to see all that it says.">
              <TableTools rows={parts} total={parts.length} columns={columns} name="definition">
                <SavedViews />
              </TableTools>
              <DataTable
                rows={parts}
                columns={columns}
                caption="Parts of the definition"
                rowId={({ id }) => id}
                height={560}
                onOpen={({ id }) => keep({ part: id })}
                current={open?.id}
              />
            </Panel>
            {open && (
              <Panel
                title={open.name}
                says={`The ${open.kind} as it was applied: ${open.says}.`}
                className="one-part"
                actions={
                  <button type="button" onClick={() => keep({ part: undefined })}>
                    Close
                  </button>
                }
              >
                <JsonTree value={open.value} name={open.kind} />
              </Panel>
            )}
          </div>
          <HistoryPanel search={search} shown={applied.id} keep={keep} now={now} />
        </>
      )}
    </Screen>
  )
}
