import { Link } from '@tanstack/react-router'
import {
  type CSSProperties,
  type ReactNode,
  type RefObject,
  useCallback,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import type { Event } from '../../contract/events.ts'
import { useArrivals } from '../live.ts'
import { type StageState, type StageView, shownStage, stageViews } from '../stages.ts'
import { Icon } from './icon.tsx'
import { type Edge, edgePath, edges } from './loop-edges.ts'
import { When } from './when.tsx'

const stateWords = {
  idle: 'Idle',
  working: 'Working',
  good: 'Good',
  warning: 'Look here',
  bad: 'Trouble',
} as const

/** A burst of events is one pulse: more could not be told apart. */
const leastMsBetweenPulses = 700
const pulseMs = 1_100

function StageCard({ view, state, now }: { view: StageView; state: StageState | undefined; now: number }) {
  const event = state?.lastEvent ?? null
  return (
    <li className={`stage stage-${view.stage} state-${state?.state ?? 'unknown'}`} data-stage={view.stage}>
      <div className="stage-head">
        <h3>
          <Link to={view.path} search={{}}>
            {view.title}
          </Link>
        </h3>
        <span className="stage-state">
          {state ? (
            <>
              <Icon name={state.state} />
              {stateWords[state.state]}
            </>
          ) : (
            '–'
          )}
        </span>
      </div>
      <p className="stage-summary">{state?.summary ?? view.does}</p>
      <p className="stage-last" title={event?.message}>
        {event ? (
          <>
            <When time={event.time} now={now} recordedAt={event.recordedAt} /> · {event.message}
          </>
        ) : (
          state && `${view.does}; no event yet`
        )}
      </p>
    </li>
  )
}

/** Paths between the cards as they lie, measured again whenever their layout changes. */
function useEdgePaths(loop: RefObject<HTMLElement | null>): ReadonlyMap<string, string> {
  const [paths, setPaths] = useState<ReadonlyMap<string, string>>(new Map())
  useLayoutEffect(() => {
    const box = loop.current
    if (!box) return
    const cards = box.querySelectorAll<HTMLElement>('[data-stage]')
    const measure = (): void => {
      const origin = box.getBoundingClientRect()
      const boxes = new Map(
        [...cards].map((card) => {
          const { left, right, top, bottom } = card.getBoundingClientRect()
          const [x, y] = [origin.left, origin.top]
          return [card.dataset.stage!, { left: left - x, right: right - x, top: top - y, bottom: bottom - y }]
        }),
      )
      setPaths(new Map(edges.map((edge) => [edge.id, edgePath(boxes.get(edge.from)!, boxes.get(edge.to)!)])))
    }
    const observer = new ResizeObserver(measure)
    observer.observe(box)
    for (const card of cards) observer.observe(card)
    measure()
    return () => observer.disconnect()
  }, [loop])
  return paths
}

function pulse(loop: HTMLElement, edge: Edge, level: Event['level']): void {
  const dot = loop.querySelector<HTMLElement>(`[data-pulse="${edge.id}"]`)
  if (!dot || matchMedia('(prefers-reduced-motion: reduce)').matches) return
  dot.dataset.level = level
  dot.animate(
    [
      { offsetDistance: '0%', opacity: 0 },
      { opacity: 1, offset: 0.15 },
      { opacity: 1, offset: 0.85 },
      { offsetDistance: '100%', opacity: 0 },
    ],
    { duration: pulseMs, easing: 'ease-in-out' },
  )
}

function glow(loop: HTMLElement, stage: string): void {
  loop
    .querySelector(`[data-stage="${stage}"]`)
    ?.animate([{ boxShadow: '0 0 0 3px var(--accent-soft)' }, { boxShadow: '0 0 0 3px transparent' }], {
      duration: pulseMs,
      easing: 'ease-out',
    })
}

/**
 * The loop of production machine learning with each stage as it stands. When an event arrives its stage lights up, and a pulse moves
 * along the way to the next stage.
 */
export function LoopDiagram({
  stages,
  now,
  aside,
}: {
  stages: readonly StageState[]
  now: number
  /** Has the corner that the loop leaves free. */
  aside: ReactNode
}) {
  const loop = useRef<HTMLDivElement>(null)
  const paths = useEdgePaths(loop)
  const pulsedAt = useRef(new Map<string, number>())
  const arrived = useCallback((events: readonly Event[]) => {
    const box = loop.current
    if (!box) return
    const worst = new Map<string, Event['level']>()
    for (const event of events) {
      const stage = shownStage(event.stage)
      if (!worst.has(stage) || event.level !== 'info') worst.set(stage, event.level)
    }
    for (const [stage, level] of worst) {
      const last = pulsedAt.current.get(stage) ?? 0
      if (Date.now() - last < leastMsBetweenPulses) continue
      pulsedAt.current.set(stage, Date.now())
      glow(box, stage)
      for (const edge of edges) if (edge.from === stage) pulse(box, edge, level)
    }
  }, [])
  useArrivals(arrived)

  return (
    <div className="loop" ref={loop}>
      <svg className="loop-edges" aria-hidden="true">
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 .8 7 4 0 7.2z" />
          </marker>
        </defs>
        {edges.map(({ id }) => (
          <path key={id} d={paths.get(id) ?? ''} markerEnd="url(#arrow)" />
        ))}
      </svg>
      <ol>
        {stageViews.map((view) => (
          <StageCard key={view.stage} view={view} state={stages.find(({ stage }) => stage === view.stage)} now={now} />
        ))}
      </ol>
      <div className="loop-aside">{aside}</div>
      {edges.map(({ id }) => (
        <span
          key={id}
          className="pulse"
          data-pulse={id}
          style={{ offsetPath: `path("${paths.get(id) || 'M0 0'}")` } as CSSProperties}
        />
      ))}
    </div>
  )
}
