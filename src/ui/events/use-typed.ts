import { useCallback, useEffect, useRef, useState } from 'react'

const pauseMs = 250

/**
 * Text of a field that is kept elsewhere, as in the address, when there is a pause in typing.
 *
 * Only typing is kept. What comes from elsewhere, such as a link, replaces what was typed, also what waits for the pause: it would
 * otherwise undo the link.
 *
 * @param kept what is kept now, absent for nothing
 * @returns the text of the field, and what takes a new one
 */
export function useTyped(
  kept: string | undefined,
  keep: (text: string | undefined) => void,
): [text: string, type: (text: string) => void] {
  const [text, setText] = useState(kept ?? '')
  const last = useRef(kept)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    if (kept === last.current) return
    clearTimeout(timer.current)
    last.current = kept
    setText(kept ?? '')
  }, [kept])
  useEffect(() => () => clearTimeout(timer.current), [])
  const type = useCallback(
    (next: string) => {
      setText(next)
      clearTimeout(timer.current)
      timer.current = setTimeout(() => {
        last.current = next.trim() || undefined
        keep(last.current)
      }, pauseMs)
    },
    [keep],
  )
  return [text, type]
}
