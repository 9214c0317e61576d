import { Swatch } from './swatch.tsx'

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
          <Swatch color={color} />
          {name}
        </li>
      ))}
    </ul>
  )
}
