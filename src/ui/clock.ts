import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useLive } from './live.ts'
import { reading } from './queries.ts'

export interface ProjectTime {
  mode: 'live' | 'replay'
  /** UTC milliseconds. */
  now: number
}

/** Wall-clock time, to the second. */
function useSeconds(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}

/**
 * The project's time: live it runs on with the seconds, from what the server said; in a replay it stands where the newest event or
 * the server's last word puts it. Null until the server has answered.
 */
export function useProjectTime(): ProjectTime | null {
  const seconds = useSeconds()
  const { connection, feed } = useLive()
  const { data, dataUpdatedAt } = useQuery({
    ...reading('clock'),
    // Live time needs no asking, and replayed time moves without an event.
    refetchInterval: ({ state }) => (state.data?.mode === 'replay' && connection === 'live' ? 1_000 : false),
  })
  if (!data) return null
  if (data.mode === 'live') return { mode: 'live', now: data.now + Math.max(0, seconds - dataUpdatedAt) }
  const newest = feed.events[0]
  return { mode: 'replay', now: Math.max(data.now, newest?.time ?? 0) }
}
