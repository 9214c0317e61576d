import { useState } from 'react'

/** Text as it is: a log, a command, code. */
export function Code({ text, label, className = '' }: { text: string; label: string; className?: string }) {
  return (
    // A region that scrolls must be reachable by the keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section className={`code ${className}`} tabIndex={0} aria-label={label}>
      <pre>{text}</pre>
    </section>
  )
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const plain = (value: Json): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))
const sizeOf = (value: readonly Json[] | object): number =>
  Array.isArray(value) ? value.length : Object.keys(value).length

/** A JSON value, part by part: what is large is folded until one asks for it. */
export function JsonTree({ value, name, open = true }: { value: unknown; name?: string; open?: boolean }) {
  const [isOpen, setIsOpen] = useState(open)
  const given = value as Json | undefined
  if (given === null || given === undefined || typeof given !== 'object')
    return (
      <span className="json">
        {name !== undefined && <span className="muted">{name}: </span>}
        <code>{given === undefined ? '–' : plain(given)}</code>
      </span>
    )
  const entries: [string, Json][] = Array.isArray(given)
    ? given.map((each, index): [string, Json] => [String(index), each as Json])
    : Object.entries(given as { [key: string]: Json })
  return (
    <details className="json" open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        {name !== undefined && `${name} `}
        <span className="muted">{Array.isArray(given) ? `[${sizeOf(given)}]` : `{${sizeOf(given)}}`}</span>
      </summary>
      {isOpen && (
        <ul>
          {entries.map(([key, each]) => (
            <li key={key}>
              <JsonTree
                value={each}
                name={key}
                open={entries.length <= 12 && each !== null && typeof each === 'object' && sizeOf(each) <= 12}
              />
            </li>
          ))}
        </ul>
      )}
    </details>
  )
}

/** A value that became another one. `before` and `after` undefined: it was not there, or is gone. */
export function Changed({ before, after }: { before: unknown; after: unknown }) {
  return (
    <span className="changed">
      {before !== undefined && <del>{typeof before === 'string' ? before : JSON.stringify(before)}</del>}
      {before !== undefined && after !== undefined && <span aria-hidden="true"> → </span>}
      {after !== undefined && <ins>{typeof after === 'string' ? after : JSON.stringify(after)}</ins>}
    </span>
  )
}
