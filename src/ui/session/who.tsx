import { useState } from 'react'
import { signOut, useSession } from './session.ts'
import { SignIn } from './sign-in.tsx'

/** Who is signed in, or the way to do so; nothing where nobody has to say who they are. */
export function Who() {
  const session = useSession()
  const [isAsking, setIsAsking] = useState(false)
  if (!session?.asked) return null
  const { principal } = session
  return (
    <span className="who">
      {principal ? (
        <>
          <span title={`${principal.name} is ${principal.role}`}>{principal.name}</span>
          <button type="button" className="quiet" onClick={() => void signOut()}>
            Sign out
          </button>
        </>
      ) : (
        <button type="button" onClick={() => setIsAsking(true)}>
          Sign in
        </button>
      )}
      {isAsking && <SignIn onClose={() => setIsAsking(false)} />}
    </span>
  )
}
