import { Courier, type CourierServices } from './courier.ts'

/** News of many commits are looked for together. */
const gatherMs = 20

/** Couriers, one for each webhook: a slow receiver holds up its own news and no others. */
export class Deliveries {
  private readonly couriers = new Map<string, Courier>()
  private timer: NodeJS.Timeout | undefined
  private stopListening: (() => void) | null = null

  constructor(private readonly services: CourierServices) {}

  /** From where the last process left it. */
  async start(): Promise<void> {
    const { metadata } = this.services
    this.stopListening = metadata.onSealed(() => {
      if (this.couriers.size === 0) return
      this.timer ??= setTimeout(() => {
        this.timer = undefined
        for (const courier of this.couriers.values()) courier.wake()
      }, gatherMs).unref()
    })
    for (const { id } of await metadata.find('webhook')) this.changed(id)
  }

  /** It is new, another one, or gone: its courier looks for itself. */
  changed(id: string): void {
    if (this.stopListening === null) return
    const courier = this.couriers.get(id) ?? new Courier(id, this.services)
    this.couriers.set(id, courier)
    courier.wake()
  }

  /** Its news are not sent any more. */
  async removed(id: string): Promise<void> {
    const courier = this.couriers.get(id)
    this.couriers.delete(id)
    await courier?.close()
  }

  async close(): Promise<void> {
    this.stopListening?.()
    this.stopListening = null
    clearTimeout(this.timer)
    await Promise.all([...this.couriers.values()].map((courier) => courier.close()))
    this.couriers.clear()
  }
}
