import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { addressOf } from './address-of.ts'

/**
 * The name of a thing as a way to its screen.
 *
 * @param to as events name it: `run:…`, `model:late`, `model-version:late@3`, `endpoint:flights`.
 */
export function Ref({ to, children, title }: { to: string; children?: ReactNode; title?: string }) {
  const address = addressOf(to)
  const text = children ?? to.slice(to.indexOf(':') + 1)
  if (address === null) return <span {...(title ? { title } : {})}>{text}</span>
  return (
    <Link to={address.path} search={address.search} {...(title ? { title } : {})}>
      {text}
    </Link>
  )
}

/** The first digits of a hash; the whole of it on hover, and where it leads. */
export function Hash({ value, to }: { value: string | null; to?: string }) {
  if (value === null) return <span className="muted">–</span>
  const short = <code title={value}>{value.slice(0, 12)}</code>
  return to ? (
    <Ref to={to} title={value}>
      {short}
    </Ref>
  ) : (
    short
  )
}
