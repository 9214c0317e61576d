/** So long may a piece take, in milliseconds: whoever writes meanwhile waits for one at most, and its commit. */
const wantedMs = 10
const fewest = 50
const most = 4000

/**
 * Long work beside others: in pieces that are made smaller or larger until each takes some ten milliseconds, with as long a pause after each for whoever
 * waits.
 */
export class Pace {
  private size = 200

  /** @param work does as much as it is given, or what is left of it; what it `used` says which. */
  async piece<T extends { used: number }>(work: (size: number) => Promise<T>): Promise<T> {
    const begun = performance.now()
    const result = await work(this.size)
    const took = performance.now() - begun
    if (took > 2 * wantedMs) this.size = Math.max(fewest, this.size >> 1)
    else if (took < wantedMs && result.used >= this.size) this.size = Math.min(most, this.size * 2)
    await new Promise((resolve) => setTimeout(resolve, Math.min(took, 10 * wantedMs)))
    return result
  }
}
