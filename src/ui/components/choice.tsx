/** One of several; nothing where there is nothing to choose. */
export function Choice({
  label,
  value,
  values,
  words,
  choose,
}: {
  label: string
  value: string
  values: readonly string[]
  words?: (value: string) => string
  choose: (value: string) => void
}) {
  if (values.length < 2) return null
  return (
    <select aria-label={label} value={value} onChange={({ target }) => choose(target.value)}>
      {values.map((one) => (
        <option key={one} value={one}>
          {words ? words(one) : one}
        </option>
      ))}
    </select>
  )
}
