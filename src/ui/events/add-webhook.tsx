import { useId, useState } from 'react'
import { call } from '../api.ts'
import { Action } from '../components/action.tsx'

/** What people ask for first; everything else is typed. */
const usual = [
  'alert.*',
  'run.failed',
  'deployment.*',
  'model.refused',
  'model_version.created',
  'model_version_alias.created',
]

/** Has events sent to an address. */
export function AddWebhook({ kinds }: { kinds: readonly string[] }) {
  const list = useId()
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [secret, setSecret] = useState('')
  const [ticked, setTicked] = useState<readonly string[]>([])
  const [typed, setTyped] = useState('')
  const events = [...ticked, ...typed.split(/[\s,]+/).filter((kind) => kind !== '')]
  const fault =
    name.trim() === ''
      ? 'Give it a name, such as chat.'
      : url.trim() === ''
        ? 'Say the address.'
        : events.length === 0
          ? 'Choose what it is told of.'
          : null
  return (
    <Action
      label="Add a webhook"
      title="Add a webhook"
      needs="operator"
      isUnrecorded
      plan={async () => ({ says: 'The address is sent what happens from now on, by POST.', effects: [] })}
      act={async () => {
        await call('addWebhook', { body: { name: name.trim(), url: url.trim(), events, secret } })
        for (const clear of [setName, setUrl, setSecret, setTyped]) clear('')
        setTicked([])
        return `${name.trim()} is sent what happens from now on.`
      }}
      fields={
        <>
          <label>
            Name
            <input value={name} maxLength={63} onChange={({ target }) => setName(target.value)} />
          </label>
          <label>
            Address
            <input
              type="url"
              value={url}
              placeholder="https://"
              maxLength={2000}
              onChange={({ target }) => setUrl(target.value)}
            />
          </label>
          <fieldset className="webhook-kinds">
            <legend>Is told of</legend>
            {usual.map((kind) => (
              <label key={kind}>
                <input
                  type="checkbox"
                  checked={ticked.includes(kind)}
                  onChange={({ target }) =>
                    setTicked(target.checked ? [...ticked, kind] : ticked.filter((each) => each !== kind))
                  }
                />
                <code>{kind}</code>
              </label>
            ))}
          </fieldset>
          <label>
            And of these, with spaces between
            <input value={typed} list={list} onChange={({ target }) => setTyped(target.value)} />
          </label>
          <datalist id={list}>
            {kinds.map((kind) => (
              <option key={kind} value={kind} />
            ))}
          </datalist>
          <label>
            Secret that signs what is sent; it is not shown again
            <input
              type="password"
              autoComplete="new-password"
              value={secret}
              maxLength={1000}
              onChange={({ target }) => setSecret(target.value)}
            />
          </label>
        </>
      }
      invalid={fault}
    />
  )
}
