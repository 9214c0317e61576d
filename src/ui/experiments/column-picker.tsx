import { useDeferredValue, useState } from 'react'
import { count } from '../format.ts'
import { type NamesOf, useNames } from './names.ts'
import { attributeColumns, columnId, type RunColumnKind, runColumn } from './run-columns.ts'

const kinds = [
  ['attribute', 'Of the run'],
  ['metric', 'Metrics'],
  ['param', 'Params'],
  ['tag', 'Tags'],
] as const satisfies readonly (readonly [RunColumnKind, string])[]
/** Boxes of one kind that are shown; the search finds the others. */
const mostShown = 100

/** Which columns the table has. */
export function ColumnPicker({
  of,
  chosen,
  onChange,
}: {
  of: NamesOf
  chosen: readonly string[]
  onChange: (columns: readonly string[] | 'all' | undefined) => void
}) {
  const [isOpen, setIsOpen] = useState(false)
  return (
    <details className="menu" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>Columns {count(chosen.length)}</summary>
      {/* Thousands of boxes are only made when somebody looks. */}
      {isOpen && <Choices of={of} chosen={chosen} onChange={onChange} />}
    </details>
  )
}

function Choices({ of, chosen, onChange }: Parameters<typeof ColumnPicker>[0]) {
  const [text, setText] = useState('')
  const wanted = useDeferredValue(text.trim())
  const found = {
    metric: useNames(of, 'metric', { text: wanted }),
    param: useNames(of, 'param', { text: wanted }),
    tag: useNames(of, 'tag', { text: wanted }),
  }
  const set = new Set(chosen)
  const idsOf = (kind: RunColumnKind): readonly string[] =>
    kind === 'attribute'
      ? attributeColumns.filter((id) => runColumn(id)!.title.toLowerCase().includes(wanted.toLowerCase()))
      : found[kind].names.map((name) => columnId(kind, name))
  const put = (ids: readonly string[], isOn: boolean): void =>
    onChange(isOn ? [...chosen, ...ids.filter((id) => !set.has(id))] : chosen.filter((id) => !ids.includes(id)))
  return (
    <div className="column-picker">
      <input
        type="search"
        aria-label="Find a column"
        placeholder="Find a column"
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <p>
        <button type="button" onClick={() => onChange(undefined)}>
          As at first
        </button>
        <button type="button" onClick={() => onChange('all')}>
          All
        </button>
        <button type="button" onClick={() => onChange([])}>
          None
        </button>
      </p>
      {kinds.map(([kind, title]) => {
        const ids = idsOf(kind)
        if (ids.length === 0) return null
        return (
          <fieldset key={kind}>
            <legend>
              {title} <span className="muted">{count(ids.length)}</span>{' '}
              {wanted !== '' && (
                <button type="button" onClick={() => put(ids, true)}>
                  Add these
                </button>
              )}
            </legend>
            {ids.slice(0, mostShown).map((id) => (
              <label key={id}>
                <input type="checkbox" checked={set.has(id)} onChange={({ target }) => put([id], target.checked)} />{' '}
                {runColumn(id)!.title}
              </label>
            ))}
            {ids.length > mostShown && (
              <p className="muted">and {count(ids.length - mostShown)} more: search for them.</p>
            )}
          </fieldset>
        )
      })}
      {'experiments' in of && <p className="muted">Names are those of the newest 200 runs and of 200 others.</p>}
    </div>
  )
}
