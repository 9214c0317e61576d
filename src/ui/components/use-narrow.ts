import { useSyncExternalStore } from 'react'

const query = matchMedia('(max-width: 720px)')
const watch = (changed: () => void): (() => void) => {
  query.addEventListener('change', changed)
  return () => query.removeEventListener('change', changed)
}

/** Whether the page is as narrow as a phone; the same bound as in the style sheets. */
export const useNarrow = (): boolean => useSyncExternalStore(watch, () => query.matches)
