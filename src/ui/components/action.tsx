import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { type Role, useSession } from '../session/session.ts'
import { Dialog } from './dialog.tsx'
import { Icon } from './icon.tsx'
import { notify } from './notices.tsx'
import { ErrorState, Loading } from './states.tsx'

/** What doing something would bring about, as the server says before it is done. */
export interface Consequences {
  /** In one sentence. */
  says: string
  /** What goes on otherwise then, each in a sentence. */
  effects: readonly string[]
  /** Why it may not be done yet. */
  missing?: readonly string[]
}

interface ActionProps {
  label: string
  title: string
  /** What somebody needs to be; others see the button and why they cannot. */
  needs: Role
  /** Asks the server what would happen. */
  plan: () => Promise<Consequences>
  /** Does it, and says what was done. */
  act: (reason: string) => Promise<string>
  /** Takes something away, or traffic from it. */
  isGrave?: boolean
  /** Leaves no event, and so has no reason to ask for. */
  isUnrecorded?: boolean
  /** What else it has to be told, above the reason. */
  fields?: ReactNode
  /** Why what is in the fields cannot be done as it is. */
  invalid?: string | null
}

/** A button that changes something. It says first what will happen, asks for the reason, and tells what was done. */
export function Action(props: ActionProps) {
  const [isOpen, setIsOpen] = useState(false)
  const session = useSession()
  const mayNot =
    session === undefined || session.may.includes(props.needs)
      ? null
      : session.principal
        ? `Needs the role ${props.needs}; ${session.principal.name} is ${session.principal.role}`
        : `Sign in: this needs the role ${props.needs}`
  return (
    <>
      <button type="button" disabled={mayNot !== null} title={mayNot ?? props.title} onClick={() => setIsOpen(true)}>
        {props.label}
      </button>
      {isOpen && <Confirm {...props} onClose={() => setIsOpen(false)} />}
    </>
  )
}

function Confirm({
  label,
  title,
  plan,
  act,
  isGrave,
  isUnrecorded,
  fields,
  invalid,
  onClose,
}: ActionProps & { onClose: () => void }) {
  const id = useId()
  const queries = useQueryClient()
  const asked = useQuery({ queryKey: ['consequences', id], queryFn: plan, gcTime: 0, retry: false })
  const [reason, setReason] = useState('')
  const [state, setState] = useState<'asking' | 'doing' | { failed: Error }>('asking')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setState('doing')
    act(reason.trim() || 'by hand')
      .then((done) => {
        // What has the button may be gone with what it did: the notice stays.
        notify(done)
        onClose()
      })
      .catch((failed: Error) => setState({ failed }))
      .finally(() => void queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => name !== 'consequences' }))
  }
  const missing = asked.data?.missing ?? []
  return (
    <Dialog title={title} onClose={onClose}>
      {asked.error ? (
        <ErrorState error={asked.error} retry={() => void asked.refetch()} />
      ) : !asked.data ? (
        <Loading what="what would happen" />
      ) : (
        <form onSubmit={submit} className="form">
          <p>{asked.data.says}</p>
          {asked.data.effects.length > 0 && (
            <ul className="effects">
              {asked.data.effects.map((effect) => (
                <li key={effect}>{effect}</li>
              ))}
            </ul>
          )}
          {missing.map((rule) => (
            <p key={rule} className="warning">
              <Icon name="warning" /> {rule}
            </p>
          ))}
          {fields}
          {invalid && (
            <p className="warning" role="status">
              <Icon name="warning" /> {invalid}
            </p>
          )}
          {!isUnrecorded && (
            <label>
              Reason, for the record
              <input value={reason} onChange={({ target }) => setReason(target.value)} maxLength={500} />
            </label>
          )}
          {typeof state === 'object' && <ErrorState error={state.failed} />}
          <footer>
            <button type="button" onClick={onClose}>
              Leave it as it is
            </button>
            <button
              type="submit"
              className={isGrave ? 'grave' : 'primary'}
              disabled={missing.length > 0 || Boolean(invalid) || state === 'doing'}
            >
              {state === 'doing' ? 'Doing it…' : label}
            </button>
          </footer>
        </form>
      )}
    </Dialog>
  )
}
