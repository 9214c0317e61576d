import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { screens } from './screens.ts'

/** A second key of a pair is waited for this long, in milliseconds. */
const pairMs = 1200

/** A field of a dialog that was just closed still hears the next key, though nobody sees it any more. */
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  target.checkVisibility()

/** Ctrl-K or Cmd-K finds, `g` and a letter goes to a screen, `/` filters, `?` lists the keys. */
export function useShortcuts({ find, help }: { find: () => void; help: () => void }): void {
  const navigate = useNavigate()
  useEffect(() => {
    // By the times when keys were pressed: a page that is at work hears of them late.
    let goAt = Number.NEGATIVE_INFINITY
    const press = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        find()
        return
      }
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector('dialog[open]')
      )
        return
      const screen = event.timeStamp - goAt < pairMs ? screens.find(({ key }) => key === event.key) : undefined
      goAt = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY
      if (screen) {
        event.preventDefault()
        void navigate({ to: screen.path, search: {} })
      } else if (event.key === '?') help()
      else if (event.key === '/') {
        const field = document.querySelector<HTMLInputElement>('main input[type=search]')
        if (!field) return
        event.preventDefault()
        field.focus()
      }
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [navigate, find, help])
}
