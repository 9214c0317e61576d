import { type ReactNode, useId } from 'react'

/** A part of a screen. `says` is one sentence under the title: what one sees here. */
export function Panel({
  title,
  says,
  actions,
  className = '',
  children,
}: {
  title: string
  says?: string
  actions?: ReactNode
  className?: string
  children: ReactNode
}) {
  const id = useId()
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {actions}
        {says && <p className="muted">{says}</p>}
      </header>
      {children}
    </section>
  )
}
