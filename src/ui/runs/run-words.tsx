import { Ref } from '../components/ref.tsx'

/** So much of an id that two runs which began within a second are told apart. */
export const shortRun = (id: string): string => id.slice(0, 14)

/** A run as a link, by the beginning of its id. */
export function RunRef({ id }: { id: string }) {
  return (
    <Ref to={`run:${id}`} title={id}>
      <code>{shortRun(id)}</code>
    </Ref>
  )
}

/** A sentence in which runs that are named by their whole id are links. */
export function WithRuns({ text }: { text: string }) {
  return text.split(/(run_[0-9a-z]{20,})/).map((part, at) =>
    // The parts of a sentence keep their places.
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    at % 2 === 1 ? <RunRef key={at} id={part} /> : part,
  )
}

/** Who or what started it: `ada`, or a trigger as a link. */
export function Starter({ by }: { by: string }) {
  const [kind, name] = [by.slice(0, by.indexOf(':')), by.slice(by.indexOf(':') + 1)]
  return kind === 'trigger' ? <Ref to={by}>{name}</Ref> : <span title={by}>{kind === 'user' ? name : by}</span>
}

/** How long it ran, or runs by now, in milliseconds; null before it began. */
export const ranFor = ({ startedAt, endedAt }: { startedAt: number | null; endedAt: number | null }): number | null =>
  startedAt === null ? null : (endedAt ?? Date.now()) - startedAt
