import { fieldText } from '../../contract/search/format-filter.ts'
import type { WideColumn } from '../components/wide-table.tsx'

export type RunColumnKind = 'metric' | 'param' | 'tag' | 'attribute'

/** A column of a table of tracked runs. Its id is what the address holds: `metrics.loss`, `params.lr`, `status`. */
export interface RunColumn extends WideColumn {
  kind: RunColumnKind
  name: string
}

const words = { metric: 'metrics.', param: 'params.', tag: 'tags.' } as const

/** Attributes with a column, and what the runs are ordered by then. */
const attributes: Record<string, { title: string; width: number; orderedBy?: string; isNumeric?: boolean }> = {
  status: { title: 'Status', width: 116, orderedBy: 'status' },
  started: { title: 'Began', width: 116, orderedBy: 'start_time' },
  took: { title: 'Took', width: 96, isNumeric: true },
  user: { title: 'User', width: 96, orderedBy: 'user_id' },
  experiment: { title: 'Experiment', width: 160 },
}
export const attributeColumns: readonly string[] = Object.keys(attributes)

export const columnId = (kind: Exclude<RunColumnKind, 'attribute'>, name: string): string => words[kind] + name

/** The column of an id of the address; null of another text. */
export function runColumn(id: string): RunColumn | null {
  const attribute = Object.hasOwn(attributes, id) ? attributes[id] : undefined
  if (attribute) {
    const { title, width, orderedBy, isNumeric = false } = attribute
    return { id, kind: 'attribute', name: id, title, width, isNumeric, isSortable: orderedBy !== undefined }
  }
  for (const kind of ['metric', 'param', 'tag'] as const) {
    const name = id.startsWith(words[kind]) ? id.slice(words[kind].length) : ''
    if (name !== '')
      return {
        id,
        kind,
        name,
        title: name,
        width: Math.max(kind === 'metric' ? 104 : 112, Math.min(200, 34 + name.length * 7)),
        isNumeric: kind === 'metric',
        isSortable: true,
      }
  }
  return null
}

/** `-metrics.val loss` as an ordering of the language of searches; empty for the newest first. */
export function orderOf(sort: string | undefined): string {
  if (sort === undefined) return ''
  const direction = sort.startsWith('-') ? ' DESC' : ' ASC'
  const id = sort.replace(/^-/, '')
  if (id === 'name') return `run_name${direction}`
  const column = runColumn(id)
  if (!column?.isSortable) return ''
  if (column.kind === 'attribute') return attributes[id]!.orderedBy! + direction
  return fieldText({ entity: column.kind, key: column.name }) + direction
}
