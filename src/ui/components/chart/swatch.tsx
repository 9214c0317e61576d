/** A line in small, as it is drawn: its colour, and its pattern where lines have one. */
export function Swatch({
  color,
  dash,
}: {
  /** A design token: `--line-1`. */
  color: string
  /** Empty for a line without gaps beside others that have some: all are as wide then. */
  dash?: readonly number[] | undefined
}) {
  if (!dash) return <span className="swatch" style={{ color: `var(${color})` }} />
  return (
    <svg className="swatch-line" viewBox="0 0 32 4" width={32} height={4} aria-hidden>
      <line x1={0} x2={32} y1={2} y2={2} stroke={`var(${color})`} strokeWidth={2} strokeDasharray={dash.join(' ')} />
    </svg>
  )
}
