import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react'
import { addressOf } from '../components/address-of.ts'
import { Dialog } from '../components/dialog.tsx'
import { reading } from '../queries.ts'
import { screens } from './screens.ts'

interface Choice {
  id: string
  title: string
  detail: string
  choose: () => void
}

const kinds: Record<string, string> = {
  'feature-view': 'feature view',
  'model-version': 'model version',
  'tracked-run': 'run of a script',
}

/** Finds screens, things by their names and ids, and what can be done; all by keyboard. */
export function Palette({ onClose, onKeys }: { onClose: () => void; onKeys: () => void }) {
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const list = useId()
  const navigate = useNavigate()
  const asked = useDeferredValue(text.trim())
  const { data, error } = useQuery({
    ...reading('search', { query: { text: asked } }),
    enabled: asked !== '',
    placeholderData: (before) => before,
  })
  const go = (path: string, search: Record<string, string> = {}): void => {
    onClose()
    void navigate({ to: path, search })
  }
  const wanted = text.trim().toLowerCase()
  const holds = (...texts: string[]): boolean => texts.some((each) => each.toLowerCase().includes(wanted))
  const choices: Choice[] = [
    ...screens
      .filter(({ title, says }) => holds(title, says))
      .map(({ path, title, says }) => ({ id: path, title, detail: says, choose: () => go(path) })),
    ...(wanted === '' ? [] : (data?.found ?? [])).flatMap(({ kind, id, name, detail }): Choice[] => {
      const address = addressOf(`${kind}:${id}`)
      if (!address) return []
      const what = `${kinds[kind] ?? kind}, ${detail}`
      return [{ id: `${kind}:${id}`, title: name ?? id, detail: what, choose: () => go(address.path, address.search) }]
    }),
    ...(/^[a-z]+_[0-9a-z]{10,}/.test(wanted) && !wanted.startsWith('run_')
      ? [
          {
            id: 'prediction',
            title: wanted,
            detail: 'look up a prediction',
            choose: () => go(`/predictions/${text.trim()}`),
          },
        ]
      : []),
    ...(holds('keys', 'shortcuts', 'help')
      ? [{ id: 'keys', title: 'Keys', detail: 'Everything the keyboard does', choose: onKeys }]
      : []),
  ]
  const index = Math.min(active, choices.length - 1)
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      setActive((index + step + choices.length) % choices.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      choices[index]?.choose()
    }
  }
  return (
    <Dialog title="Find" onClose={onClose} className="palette" isLight>
      <input
        type="text"
        role="combobox"
        aria-label="Find a screen, a model, a run, …"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={choices[index] ? `${list}-${index}` : undefined}
        placeholder="A screen, a name, the first signs of an id…"
        autoComplete="off"
        value={text}
        onChange={({ target }) => {
          setText(target.value)
          setActive(0)
        }}
        onKeyDown={press}
      />
      <div id={list} role="listbox" aria-label="Found" className="found">
        {choices.map(({ id, title, detail, choose }, place) => (
          // The field has the keyboard: it says which one is meant.
          // biome-ignore lint/a11y/useKeyWithClickEvents: see above
          <div
            key={id}
            id={`${list}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === index}
            ref={place === index ? (element) => element?.scrollIntoView({ block: 'nearest' }) : undefined}
            onMouseMove={() => setActive(place)}
            onClick={choose}
          >
            <span>{title}</span>
            <span className="muted">{detail}</span>
          </div>
        ))}
      </div>
      {error && <p className="nothing bad">{error.message}</p>}
      {choices.length === 0 && !error && (
        <p className="nothing muted">
          Nothing has this in its name or begins with it. Runs of scripts before the newest 2,000 are looked for by how
          their names begin.
        </p>
      )}
    </Dialog>
  )
}
