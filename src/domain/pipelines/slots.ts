/** A number of places, given in the order they were asked for. */
export class Slots {
  private free: number
  private readonly waiting: (() => void)[] = []

  constructor(count: number) {
    this.free = count
  }

  /** Waits for a place. @returns what gives it back, or undefined when the signal came first. */
  async take(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined
    if (this.free > 0) this.free -= 1
    else {
      const given = await new Promise<boolean>((resolve) => {
        const onAbort = (): void => {
          this.waiting.splice(this.waiting.indexOf(take), 1)
          resolve(false)
        }
        const take = (): void => {
          signal.removeEventListener('abort', onAbort)
          resolve(true)
        }
        this.waiting.push(take)
        signal.addEventListener('abort', onAbort, { once: true })
      })
      if (!given) return undefined
    }
    let returned = false
    return () => {
      if (returned) return
      returned = true
      const next = this.waiting.shift()
      if (next) next()
      else this.free += 1
    }
  }
}
