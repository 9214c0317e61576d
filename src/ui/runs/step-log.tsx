import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { ErrorState, Loading } from '../components/states.tsx'
import { count } from '../format.ts'
import { followLog, type HeldLog, logAddress } from './follow-log.ts'

/** The log of a step, live while it runs: it follows the newest line until somebody scrolls up. */
export function StepLog({
  run,
  step,
  index,
  tail,
  isLive,
}: {
  run: string
  step: string
  index?: number | undefined
  /** Shows that many last lines alone. */
  tail?: number
  /** Whether there may be more; a finished one is read once. */
  isLive: boolean
}) {
  const [held, setHeld] = useState<HeldLog | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [attempt, setAttempt] = useState(0)
  const [follows, setFollows] = useState(true)
  const box = useRef<HTMLElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: with every attempt
  useEffect(() => {
    const ending = new AbortController()
    setError(null)
    followLog(logAddress(run, step, index, isLive), setHeld, ending.signal).catch((failed: Error) => {
      if (!ending.signal.aborted) setError(failed)
    })
    return () => ending.abort()
  }, [run, step, index, isLive, attempt])
  // biome-ignore lint/correctness/useExhaustiveDependencies: with every new line
  useLayoutEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight
  }, [held, follows])
  if (error && !held) return <ErrorState error={error} retry={() => setAttempt(attempt + 1)} />
  if (!held) return <Loading what="the log" />
  const lines = tail === undefined ? held.lines : held.lines.slice(-tail)
  if (lines.length === 0)
    return <p className="muted">{held.isOver ? 'It said nothing.' : 'It has said nothing yet.'}</p>
  const isLong = tail === undefined
  return (
    <div className="step-log">
      {isLong && (
        <p className="muted">
          {count(held.lines.length + held.dropped)} lines
          {held.dropped > 0 && `, the last ${count(held.lines.length)} of them here`}.{' '}
          <a href={logAddress(run, step, index, false)} download={`${run}-${step}.log`}>
            Save all
          </a>
          {!held.isOver && !follows && (
            <button type="button" onClick={() => setFollows(true)}>
              Follow
            </button>
          )}
        </p>
      )}
      {/* A region that scrolls must be reachable by the keyboard. */}
      <section
        className="code"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        tabIndex={0}
        aria-label={`Log of ${step}`}
        ref={box}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          const isAtEnd = scrollHeight - scrollTop - clientHeight < 24
          if (isAtEnd !== follows) setFollows(isAtEnd)
        }}
      >
        <ol>
          {lines.map(({ time, stream, text }, at) => (
            // Lines never change their place.
            // biome-ignore lint/suspicious/noArrayIndexKey: see above
            <li key={held.dropped + at} className={`stream-${stream}`}>
              <time className="muted" dateTime={time} title={time}>
                {time.slice(11, 23)}
              </time>
              <span>{text}</span>
            </li>
          ))}
        </ol>
      </section>
    </div>
  )
}
