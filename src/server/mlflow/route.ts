import type { Readable } from 'node:stream'
import type { Role } from '../../contract/principal.ts'
import type { NoteMade } from '../../ports/metadata.ts'
import type { Caller } from '../http/access.ts'
import type { Message } from './protocol.ts'

/** Makes what the request asks for, unless this very request has made it and its answer was lost; see `LostAnswers`. */
export type Once = <T>(make: (note: NoteMade) => Promise<T>, again: (id: string) => Promise<T | null>) => Promise<T>

/** One operation of the protocol, below its prefixes. */
export interface ProtocolRoute {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  /** Changes nothing, whatever its method: a viewer may ask it. */
  reads: boolean
  /** Who may; a viewer where it reads and a developer where it changes, when nothing is said. */
  role?: Role
  /** Bytes that a body may have; 1 MiB where nothing is said. */
  bodyLimit?: number
  /** @returns the JSON of the answer, or its text where it comes bit by bit. */
  answer(request: { message: Message; caller: Caller; once: Once }): Promise<object | Readable>
}
