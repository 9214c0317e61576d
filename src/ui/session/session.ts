import { useQuery } from '@tanstack/react-query'
import { type Answer, call } from '../api.ts'
import { live } from '../live.ts'
import { queryClient, reading } from '../queries.ts'

type Session = Answer<'session'>
export type Role = Session['may'][number]

/** Who sits before the screens, as far as it is known. */
export const useSession = (): Session | undefined => useQuery(reading('session')).data

/** @throws ApiError */
export async function signIn(token: string): Promise<void> {
  await call('signIn', { body: { token } })
  await begin()
}

/** @throws ApiError */
export async function signOut(): Promise<void> {
  await call('signOut')
  await begin()
}

/** Somebody else may see other things. */
async function begin(): Promise<void> {
  live.reconnect()
  await queryClient.resetQueries()
}
