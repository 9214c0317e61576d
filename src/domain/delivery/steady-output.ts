import { canonicalJson } from '../../base/hash.ts'
import type { Json } from '../../contract/pipeline.ts'

/** The execution that made an output. */
export interface Making {
  runId: string
  /** Wall-clock UTC milliseconds. */
  from: number | null
  to: number | null
}

/** Clocks of a process and of its control plane are read at different moments. */
const slackMs = 2000

/** An output as text, with the times of its making and the id of its run taken out: they are new each time and are no result. */
export function steadyOutput(output: Json, making: Making): string {
  return canonicalJson(steady(output, making))
}

function steady(value: Json, making: Making): Json {
  if (typeof value === 'number') return isTimeOf(value, making) || isTimeOf(value * 1000, making) ? '<time>' : value
  if (typeof value === 'string') {
    if (/^\d{4}-\d\d-\d\dT/.test(value) && isTimeOf(Date.parse(value), making)) return '<time>'
    return value.replaceAll(making.runId, '<run>')
  }
  if (Array.isArray(value)) return value.map((item) => steady(item, making))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, steady(member, making)]))
}

const isTimeOf = (at: number, { from, to }: Making): boolean =>
  from !== null && to !== null && at >= from - slackMs && at <= to + slackMs
