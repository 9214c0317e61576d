import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AnswerOf, RequestOf } from '../../contract/route.ts'
import type { RouteName, Routes } from '../../contract/routes.ts'
import type { Asked } from '../keyed-requests.ts'
import type { Caller } from './access.ts'

interface Raw {
  /** Who asks. */
  caller: Caller
  /** The request, as a repeat of it would be known; for routes that are keyed. */
  asked: Asked
  raw: { request: FastifyRequest; reply: FastifyReply }
}

/** What answers a route. One that streams writes to the reply itself. */
export type Handler<K extends RouteName> = (request: RequestOf<Routes[K]> & Raw) => Promise<AnswerOf<Routes[K]>>

export type Handlers<K extends RouteName> = { readonly [N in K]: Handler<N> }
export type AllHandlers = Handlers<RouteName>
