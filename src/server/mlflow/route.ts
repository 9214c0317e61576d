import type { Readable } from 'node:stream'
import type { Role } from '../../contract/principal.ts'
import type { NoteMade } from '../../ports/metadata.ts'
import type { Caller } from '../http/access.ts'
import type { Message } from './protocol.ts'

/** Makes what the request asks for, unless this very request has made it and its answer was lost; see `LostAnswers`. */
export type Once = <T>(make: (note: NoteMade) => Promise<T>, again: (id: string) => Promise<T | null>) => Promise<T>

/** An answer that is JSON already. */
export class JsonText {
  constructor(readonly text: Buffer) {}
}

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
  /** @returns the answer, or its JSON where that comes bit by bit or is there. */
  answer(request: { message: Message; caller: Caller; once: Once }): Promise<object | Readable | JsonText>
}
