import { type KeyboardEvent, useDeferredValue, useId, useMemo, useRef, useState } from 'react'
import { completeFilter, type KnownFields } from '../../contract/search/complete-filter.ts'
import { readFilter } from '../../contract/search/parse-filter.ts'
import { Icon } from '../components/icon.tsx'

/** Options that are shown: more would hide the table. */
const most = 12

/**
 * A filter in the language of searches: what can come next stands below, and what is wrong is underlined where it is.
 *
 * @param known stable between renders.
 */
export function FilterField({
  text,
  onText,
  known,
  onFocus,
}: {
  text: string
  onText: (text: string) => void
  known: KnownFields
  onFocus: () => void
}) {
  const list = useId()
  const field = useRef<HTMLInputElement>(null)
  const mirror = useRef<HTMLDivElement>(null)
  const [caret, setCaret] = useState<number | null>(null)
  const [active, setActive] = useState<number | null>(null)
  const late = useDeferredValue(text)
  const problem = useMemo(() => readFilter(late, 'runs').problem, [late])
  const completion = useMemo(
    () => (caret === null ? null : completeFilter(text, Math.min(caret, text.length), 'runs', known)),
    [text, caret, known],
  )
  const options = completion?.options.slice(0, most) ?? []
  const isOpen = options.length > 0
  // While somebody writes, that the end is missing is no news.
  const isWrong = problem !== undefined && late === text && !(problem.expected && caret !== null)

  const place = (): void => setCaret(field.current?.selectionStart ?? null)
  const follow = (): void => {
    if (mirror.current && field.current) mirror.current.scrollLeft = field.current.scrollLeft
  }
  const take = (option: string): void => {
    if (!completion) return
    const goesOn = /[.(]$/.test(option)
    const next = `${text.slice(0, completion.from)}${option}${goesOn ? '' : ' '}${text.slice(completion.to).replace(/^ /, '')}`
    const end = completion.from + option.length + (goesOn ? 0 : 1)
    onText(next)
    setCaret(end)
    setActive(null)
    requestAnimationFrame(() => {
      field.current?.focus()
      field.current?.setSelectionRange(end, end)
      follow()
    })
  }
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined && isOpen) {
      event.preventDefault()
      setActive(
        active === null ? (step > 0 ? 0 : options.length - 1) : (active + step + options.length) % options.length,
      )
    } else if ((event.key === 'Enter' || event.key === 'Tab') && isOpen && active !== null) {
      event.preventDefault()
      take(options[active]!.text)
    } else if (event.key === 'Tab' && isOpen && !event.shiftKey && text !== '' && caret !== null) {
      // What is begun is completed; the field is left where nothing is.
      if (completion && completion.from < caret) {
        event.preventDefault()
        take(options[0]!.text)
      }
    } else if (event.key === 'Enter') setCaret(null)
    else if (event.key === 'Escape' && isOpen) {
      event.preventDefault()
      setCaret(null)
      setActive(null)
    }
  }
  return (
    <div className="filter-field">
      <div className="filter-line">
        <div className="mirror" ref={mirror} aria-hidden="true">
          {isWrong && problem ? (
            <>
              {text.slice(0, problem.from)}
              <mark>{text.slice(problem.from, Math.max(problem.to, problem.from + 1)) || ' '}</mark>
              {text.slice(Math.max(problem.to, problem.from + 1))}
            </>
          ) : (
            text
          )}
        </div>
        <input
          ref={field}
          type="search"
          role="combobox"
          aria-label="Filter the runs"
          aria-expanded={isOpen}
          aria-controls={list}
          aria-autocomplete="list"
          aria-invalid={isWrong}
          aria-activedescendant={active === null ? undefined : `${list}-${active}`}
          placeholder="metrics.loss < 0.1 AND params.optimizer = 'adam'  (/)"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={text}
          onChange={({ target }) => {
            onText(target.value)
            setCaret(target.selectionStart)
            setActive(null)
          }}
          onFocus={() => {
            onFocus()
            place()
          }}
          onClick={place}
          onKeyUp={({ key }) => {
            if (/^(ArrowLeft|ArrowRight|Home|End)$/.test(key)) place()
          }}
          onKeyDown={press}
          onScroll={follow}
          onBlur={() => {
            setCaret(null)
            setActive(null)
          }}
        />
      </div>
      <div id={list} role="listbox" aria-label="What can come next" className="options" hidden={!isOpen}>
        {options.map(({ text: option, kind }, at) => (
          // The field has the keyboard: it says which one is meant.
          // biome-ignore lint/a11y/useKeyWithClickEvents: see above
          <div
            key={option}
            id={`${list}-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === active}
            // The field keeps the caret.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(option)}
          >
            <code>{option}</code> <span className="muted">{kind}</span>
          </div>
        ))}
      </div>
      {isWrong && problem && (
        <p className="filter-problem" role="status">
          <Icon name="warning" /> Character {problem.from + 1}: {problem.message}
          {problem.hint && <span className="muted"> {problem.hint}</span>}
        </p>
      )}
    </div>
  )
}
