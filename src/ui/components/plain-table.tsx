import type { ReactNode } from 'react'

/** Few rows that are read from left to right, with sentences that may take several lines. `children` is the table. */
export function PlainTable({ label, children }: { label: string; children: ReactNode }) {
  return (
    // A region that scrolls must be reachable by the keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section className="plain-table" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
