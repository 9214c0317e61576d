import type { Task } from '../../src/stats/task.ts'

/** What prepare.py writes beside each data set. */
export interface DatasetMeta {
  readonly name: string
  readonly task: Task
  readonly rows: number
  readonly columns: number
  /** 0 for a regression. */
  readonly classes: number
  readonly seeds: number
}
