/** What is drawn in one colour. */
export interface Series {
  name: string
  /** A design token: `--line-1`. */
  color: string
}

export function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul className="legend short" aria-label="What is drawn">
      {series.map(({ name, color }) => (
        <li key={name}>
          <span className="swatch" style={{ color: `var(${color})` }} />
          {name}
        </li>
      ))}
    </ul>
  )
}
