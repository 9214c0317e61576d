import type { RunRevisions as Revisions } from '../../../ports/tracking.ts'

/** Beyond so many they are forgotten together: all runs count as changed then. */
const mostKept = 100_000

/** Counts commits that changed runs, and keeps of each run the last one. */
export class RunRevisions implements Revisions {
  private count = 0
  /** Of those that nothing is kept of. */
  private floor = 0
  private readonly last = new Map<string, number>()
  private readonly touched = new Set<string>()
  private allTouched = false

  /** The transaction under way changes the run. */
  touch(id: string): void {
    this.touched.add(id)
  }

  /** The transaction under way may change any run. */
  touchAll(): void {
    this.allTouched = true
  }

  /** What the transaction has changed can be read: called before anybody who reads again goes on. */
  committed(): void {
    if (this.touched.size === 0 && !this.allTouched) return
    this.count += 1
    if (this.allTouched || this.last.size + this.touched.size > mostKept) {
      this.last.clear()
      this.floor = this.count
    } else for (const id of this.touched) this.last.set(id, this.count)
    this.touched.clear()
    this.allTouched = false
  }

  now(): number {
    return this.count
  }

  of(id: string): number {
    return this.last.get(id) ?? this.floor
  }
}
