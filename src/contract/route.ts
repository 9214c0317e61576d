import type * as z from 'zod'
import type { Role } from './principal.ts'

export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof methods)[number]

/** One operation of the control plane. The server, the client, OpenAPI and the screens' types come from it. */
export interface Route<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  readonly method: Method
  /** With `{name}` for each parameter. */
  readonly path: string
  readonly group: string
  readonly summary: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** The JSON of a 200 answer; none where the answer is a stream or a file. */
  readonly response?: R
  /** What a route without JSON sends. */
  readonly sends?: 'events' | 'bytes' | 'text'
  /** What a route without JSON takes. */
  readonly takes?: 'bytes'
  /** Bytes that a body may have; 1 MiB where nothing is said. */
  readonly bodyLimit?: number
  /** The same request again changes nothing more, though it is no GET: a client may repeat one whose connection broke. */
  readonly repeatable?: boolean
  /** With the header `Idempotency-Key` the same request again changes nothing more, and answers what the first made. */
  readonly keyed?: boolean
  /** What somebody needs to be to call it; `viewer` for GET and `developer` for others where nothing is said. */
  readonly role?: Role
  /** Answers whoever asks, also where everybody else has to say who they are. */
  readonly open?: boolean
  /** Bodies of this route are checked by the stage itself, which must look at every value anyhow. */
  readonly checkedByStage?: boolean
}

/** Keeps the exact types of what is stated. */
export const route = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  stated: Route<P, Q, B, R>,
): Route<P, Q, B, R> => stated

type Input<T> = T extends z.ZodType ? z.input<T> : undefined
type Output<T> = T extends z.ZodType ? z.output<T> : undefined

// A member that was not stated is inferred as plain ZodType, whose input is unknown: it is then left out of the call.
type Stated<K extends string, T> = unknown extends T
  ? Record<never, never>
  : Partial<T> extends T
    ? { [M in K]?: T }
    : { [M in K]: T }

/** What a caller passes. */
export type CallOf<T extends Route> =
  T extends Route<infer P, infer Q, infer B, z.ZodType>
    ? Stated<'params', Input<P>> & Stated<'query', Input<Q>> & Stated<'body', Input<B>>
    : never
/** What a handler is given. */
export type RequestOf<T extends Route> =
  T extends Route<infer P, infer Q, infer B, z.ZodType>
    ? { params: Output<P>; query: Output<Q>; body: Output<B> }
    : never
/** What a handler answers; nothing that is looked at where the route streams. */
export type AnswerOf<T extends Route> = T extends Route<z.ZodType, z.ZodType, z.ZodType, infer R> ? Input<R> : never
/** What a caller gets; `unknown` where the route streams. */
export type ResultOf<T extends Route> = T extends Route<z.ZodType, z.ZodType, z.ZodType, infer R> ? Output<R> : never
