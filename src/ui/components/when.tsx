import { absoluteTime, relativeTime } from '../time.ts'

/** A project time: how long ago, and on hover exactly when; where it differs much, as in a replay, also when it was written down. */
export function When({ time, now, recordedAt }: { time: number; now: number; recordedAt?: number }) {
  const recorded =
    recordedAt !== undefined && Math.abs(recordedAt - time) > 60_000 ? `, recorded ${absoluteTime(recordedAt)} UTC` : ''
  return (
    <time dateTime={new Date(time).toISOString()} title={`${absoluteTime(time)} UTC${recorded}`}>
      {relativeTime(time, now)}
    </time>
  )
}
