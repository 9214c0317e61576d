import { type AgentOptions, Agent as PlainAgent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import type { OutsideTarget } from './outside-address.ts'

export interface KeptLimits {
  /** Connections that wait for their next use, of all receivers. */
  most: number
  /** So long one waits; shorter where the receiver says so. */
  idleMs: number
}

/** A receiver is told the next within seconds, or much later. */
const usualLimits: KeptLimits = { most: 20, idleMs: 30_000 }

/** Part of the options of a request, by which its agent knows whom a connection was made to. */
interface Pinned {
  pinned?: string
}

/** Where a request may go, as text: only one with the same may use its connection later. */
export const pinnedOf = ({ addresses }: OutsideTarget): string =>
  addresses
    .map(({ address }) => address)
    .sort()
    .join(' ')

/**
 * Connections that are used again: for the same host, port and addresses alone, so that a name that leads elsewhere gets a new one, which is looked at like
 * the first. Of a receiver one waits at a time.
 */
export class KeptConnections {
  private readonly agents: readonly PlainAgent[]

  constructor({ most, idleMs }: KeptLimits = usualLimits) {
    const options: AgentOptions = { keepAlive: true, maxFreeSockets: 1, timeout: idleMs }
    this.agents = [new PlainAgent(options), new SecureAgent(options)]
    for (const agent of this.agents) {
      const nameOf = agent.getName.bind(agent)
      agent.getName = (asked) => `${nameOf(asked)}|${(asked as Pinned | undefined)?.pinned ?? ''}`
      // Beside what the agent itself looks at, such as how long the receiver keeps it.
      const keeps = (agent as unknown as { keepSocketAlive(socket: Duplex): boolean }).keepSocketAlive.bind(agent)
      Object.assign(agent, { keepSocketAlive: (socket: Duplex) => this.waiting < most && keeps(socket) })
    }
  }

  /** How many wait for their next use. */
  get waiting(): number {
    return this.agents
      .flatMap(({ freeSockets }) => Object.values(freeSockets))
      .reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0)
  }

  /** The agent for requests by TLS, or for others. */
  agent(isSecure: boolean): PlainAgent {
    return this.agents[isSecure ? 1 : 0]!
  }

  /** Closes all, those in use too. */
  close(): void {
    for (const agent of this.agents) agent.destroy()
  }
}
