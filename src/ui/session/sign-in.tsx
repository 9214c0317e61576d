import { type FormEvent, useState } from 'react'
import { Command } from '../components/command.tsx'
import { Dialog } from '../components/dialog.tsx'
import { Icon } from '../components/icon.tsx'
import { signIn } from './session.ts'

/** Asks for a token and exchanges it for a session of this browser. */
export function SignIn({ onClose }: { onClose: () => void }) {
  const [token, setToken] = useState('')
  const [refused, setRefused] = useState<Error | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setIsBusy(true)
    setRefused(null)
    signIn(token.trim())
      .then(onClose)
      .catch((error: Error) => setRefused(error))
      .finally(() => setIsBusy(false))
  }
  return (
    <Dialog title="Sign in" onClose={onClose}>
      <form onSubmit={submit} className="form">
        <label>
          Token
          {/* A password field, so that nobody reads it over a shoulder and password managers may keep it. */}
          <input
            type="password"
            autoComplete="current-password"
            value={token}
            onChange={({ target }) => setToken(target.value)}
            required
          />
        </label>
        {refused && (
          <p className="bad" role="alert">
            <Icon name="bad" /> {refused.message}
          </p>
        )}
        <p className="muted">Whoever runs this control plane makes one on its machine:</p>
        <Command line="npx millwright token create NAME --role ROLE" />
        <footer>
          <button type="submit" className="primary" disabled={isBusy}>
            Sign in
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
