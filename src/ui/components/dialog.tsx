import { type ReactNode, useEffect, useId, useRef } from 'react'

/** A question above the screen; Escape and the cross leave it as it was. It is shown for as long as it is rendered. */
export function Dialog({
  title,
  onClose,
  className = '',
  isLight = false,
  children,
}: {
  title: string
  onClose: () => void
  className?: string
  /** A click beside it closes it: nothing is lost by that. */
  isLight?: boolean
  children: ReactNode
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal()
  }, [])
  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-labelledby={id}
      onClose={onClose}
      {...(isLight ? { closedby: 'any' } : {})}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="quiet" onClick={onClose} aria-label="Close">
          ✕
        </button>
      </header>
      {children}
    </dialog>
  )
}
