import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { ModelVersionRecord } from '../../contract/model.ts'
import { call } from '../api.ts'
import { Action } from '../components/action.tsx'
import { reading } from '../queries.ts'

/** Why a name cannot be an alias that is set by hand; null where it can. */
function faultOf(alias: string): string | null {
  if (alias === '') return 'Say the alias, such as shadow.'
  if (alias === 'production') return 'production follows what serves: roll the version out, or return to it.'
  return /^[a-z][a-z0-9_-]*$/i.test(alias) ? null : 'An alias begins with a letter; letters, digits, - and _ follow.'
}

/** Points a name at a version: a new alias, or one that names another version until then. */
export function AliasAction({ version: { model, id } }: { version: ModelVersionRecord }) {
  const list = useId()
  const [typed, setTyped] = useState('')
  const { data } = useQuery(reading('models'))
  const aliases = data?.models.find((each) => each.model === model)?.aliases ?? []
  const alias = typed.trim()
  const params = { model, alias }
  const before = aliases.find((each) => each.alias === alias)?.version
  const fault = faultOf(alias)
  return (
    <Action
      label="Set an alias"
      title={`Point an alias at ${id}`}
      needs="operator"
      plan={async () => {
        const { models } = await call('models')
        const own = models.find((each) => each.model === model)?.aliases ?? []
        return {
          says: `A name of ${model} stands for ${id} from then on; whoever asks for the version by it gets this one.`,
          effects: own.map((each) => `${each.alias} names ${each.version} now`),
        }
      }}
      act={async (reason) => {
        await call('setAlias', { params, body: { version: id, reason } })
        setTyped('')
        return `${alias} of ${model} names ${id}.`
      }}
      fields={
        <>
          <label>
            Alias
            <input value={typed} list={list} maxLength={60} onChange={({ target }) => setTyped(target.value)} />
          </label>
          <datalist id={list}>
            {aliases
              .filter((each) => each.alias !== 'production')
              .map((each) => (
                <option key={each.alias} value={each.alias} />
              ))}
          </datalist>
          {fault === null && (
            <p role="status">
              {before === undefined
                ? `${alias} is new.`
                : before === id
                  ? `${alias} names it already.`
                  : `${alias} moves from ${before} to ${id}.`}
            </p>
          )}
        </>
      }
      invalid={fault ?? (before === id ? 'Nothing would change.' : null)}
    />
  )
}
