import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type ApiError, call } from '../api.ts'
import { Action } from '../components/action.tsx'
import { counted } from '../format.ts'

const fewNames = 8

type Asked = { folder: string } | { experiments: string[] }

/** Chosen experiments into a folder, or a whole folder under another name. It says which names come of it before it does it. */
export function MoveExperiments({ asked, onDone }: { asked: Asked; onDone: (target: string) => void }) {
  const isFolder = 'folder' in asked
  const [target, setTarget] = useState(isFolder ? asked.folder : '')
  const said = target.trim().replace(/\/+$/, '')
  const move = { ...asked, ...(isFolder ? { as: said } : { into: said }) }
  const isPossible = !isFolder || (said !== '' && said !== asked.folder)
  const { data, error } = useQuery<Awaited<ReturnType<typeof call<'moveExperiments'>>>, ApiError>({
    // As the plan of an action: once it is done, there may be nothing left that could move.
    queryKey: ['consequences', 'names', move],
    queryFn: () => call('moveExperiments', { body: { ...move, dryRun: true } }),
    enabled: isPossible,
    retry: false,
    gcTime: 0,
    placeholderData: (before) => before,
  })
  const invalid = !isPossible
    ? 'Say what it is to be called.'
    : error
      ? `${error.message}.${error.hint ? ` ${error.hint}` : ''}`
      : data?.moved === 0
        ? 'They lie there already.'
        : null
  const what = isFolder ? `the folder ${asked.folder}` : counted(asked.experiments.length, 'experiment')
  return (
    <Action
      label={isFolder ? 'Move folder' : `Move ${asked.experiments.length}`}
      title={`Move ${what}`}
      needs="developer"
      isUnrecorded
      invalid={invalid}
      fields={
        <>
          <label>
            {isFolder ? 'What it is called then, with the folders above it' : 'Into the folder; empty for none'}
            <input
              value={target}
              onChange={(event) => setTarget(event.target.value)}
              maxLength={500}
              placeholder="team/churn"
            />
          </label>
          {isPossible && data && !error && data.moved > 0 && (
            <>
              <p>{counted(data.moved, 'experiment')} get another name:</p>
              <ul className="effects new-names">
                {data.names.slice(0, fewNames).map(({ id, from, to }) => (
                  <li key={id}>
                    <span className="muted">{from}</span> → <b>{to}</b>
                  </li>
                ))}
              </ul>
              {data.moved > fewNames && <p className="muted">and {data.moved - fewNames} more</p>}
            </>
          )}
        </>
      }
      plan={async () => ({
        says: 'Folders are made of names: moving gives experiments other names, all of them or none.',
        effects: [
          'Runs stay in their experiments, and ids stay as they are.',
          'Scripts that log by name need the new one.',
        ],
      })}
      act={async () => {
        const { moved } = await call('moveExperiments', { body: move })
        onDone(said)
        return `${counted(moved, 'experiment')} moved`
      }}
    />
  )
}
