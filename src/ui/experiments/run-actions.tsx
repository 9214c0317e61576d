import { useState } from 'react'
import { call } from '../api.ts'
import { Action } from '../components/action.tsx'
import { counted } from '../format.ts'

type Change = Parameters<typeof call<'changeTrackedRuns'>>[1]['body']['change']
/** The server takes so many at once, all of them or none. */
const atOnce = 500

async function change(runs: readonly string[], asked: Change, reason: string): Promise<number> {
  let changed = 0
  for (let from = 0; from < runs.length; from += atOnce)
    changed += (
      await call('changeTrackedRuns', { body: { runs: runs.slice(from, from + atOnce), change: asked, reason } })
    ).changed
  return changed
}

/** What can be done to chosen runs. @param onDone when it was. */
export function RunActions({
  runs,
  areDeleted,
  onDone,
}: {
  runs: readonly string[]
  areDeleted: boolean
  onDone: () => void
}) {
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const many = counted(runs.length, 'run')
  const parts = runs.length > atOnce ? [`They are changed ${atOnce} at a time.`] : []
  return (
    <>
      {!areDeleted && (
        <Action
          label="Tag"
          title={`Give ${many} a tag`}
          needs="developer"
          isUnrecorded
          fields={
            <>
              <label>
                Tag
                <input value={key} onChange={({ target }) => setKey(target.value)} maxLength={250} />
              </label>
              <label>
                Value
                <input value={value} onChange={({ target }) => setValue(target.value)} maxLength={5000} />
              </label>
            </>
          }
          invalid={key.trim() === '' ? 'A tag has a name.' : null}
          plan={async () => ({
            says: `${many} will have this tag.`,
            effects: ['One that has the tag already gets the new value.', ...parts],
          })}
          act={async () => {
            const changed = await change(runs, { kind: 'tag', key: key.trim(), value }, '')
            onDone()
            return `${counted(changed, 'run')} tagged ${key.trim()}`
          }}
        />
      )}
      {areDeleted ? (
        <Action
          label="Restore"
          title={`Restore ${many}`}
          needs="developer"
          plan={async () => ({ says: `${many} will be found again by every search.`, effects: parts })}
          act={async (reason) => {
            const changed = await change(runs, { kind: 'restore' }, reason)
            onDone()
            return `${counted(changed, 'run')} restored`
          }}
        />
      ) : (
        <Action
          label="Delete"
          title={`Delete ${many}`}
          needs="developer"
          isGrave
          plan={async () => ({
            says: `${many} will be found only among deleted runs.`,
            effects: ['They can be restored there, with all they have.', ...parts],
          })}
          act={async (reason) => {
            const changed = await change(runs, { kind: 'delete' }, reason)
            onDone()
            return `${counted(changed, 'run')} deleted`
          }}
        />
      )}
    </>
  )
}
