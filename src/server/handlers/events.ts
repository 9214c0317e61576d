import type { Event } from '../../contract/events.ts'
import { verifyChain } from '../../ports/event-chain.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

const heartbeatMs = 15_000
const pageSize = 500

const frame = (event: Event): string => `id: ${event.seq}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`

export function eventHandlers({
  data: { metadata },
  sessions,
}: ControlPlane): Handlers<'events' | 'eventStream' | 'verifyEvents'> {
  return {
    events: async ({ query }) => {
      const { after, limit, ...rest } = query
      const events =
        after === undefined ? await metadata.latestEvents({ limit, ...rest }) : await metadata.eventsAfter(after, limit)
      return { events, head: await metadata.eventHead() }
    },

    eventStream: async ({ query, raw: { request, reply } }) => {
      const resumed = Number(request.headers['last-event-id'])
      let seq = query.after ?? (Number.isInteger(resumed) && resumed > 0 ? resumed : (await metadata.eventHead()).seq)
      reply.hijack()
      const out = reply.raw
      out.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        connection: 'keep-alive',
        'x-accel-buffering': 'no',
      })
      out.write(`: from ${seq}\n\n`)
      let isSending = false
      let again = false
      const send = async (): Promise<void> => {
        do {
          again = false
          for (;;) {
            const page = await metadata.eventsAfter(seq, pageSize)
            if (page.length === 0 || out.destroyed) break
            seq = page.at(-1)!.seq
            // A reader that is slow is waited for, so that its backlog stays on the disk and not in memory.
            if (!out.write(page.map(frame).join('')))
              await new Promise((resolve) => out.once('drain', resolve).once('close', resolve))
          }
        } while (again && !out.destroyed)
      }
      const wake = (): void => {
        again = true
        if (isSending) return
        isSending = true
        void send().finally(() => {
          isSending = false
        })
      }
      const stop = metadata.onSealed(wake)
      const beat = setInterval(() => {
        if (!out.writableNeedDrain) out.write(': alive\n\n')
      }, heartbeatMs)
      out.on('close', () => {
        stop()
        clearInterval(beat)
      })
      wake()
      return undefined
    },

    verifyEvents: async () => {
      const hashes = new Map<number, string>()
      const wanted = new Set(sessions.connected().map((standing) => standing.witness.seq))
      const report = await verifyChain(async (after, limit) => {
        const page = await metadata.eventsAfter(after, limit)
        for (const event of page) if (wanted.has(event.seq)) hashes.set(event.seq, event.hash)
        return page
      })
      const witnesses = sessions.connected().map(({ predictor, witness }) => ({
        predictor,
        seq: witness.seq,
        agrees: witness.seq === 0 || hashes.get(witness.seq) === witness.hash,
      }))
      return { ...report, witnesses }
    },
  }
}
