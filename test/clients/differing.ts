/** Every place where two answers are not the same. */
export function differing(one: unknown, other: unknown, path: string): string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return []
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other))
    return [`${path}: theirs ${JSON.stringify(one)}, ours ${JSON.stringify(other)}`]
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])]
  return keys.flatMap((key) =>
    differing((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key], `${path}.${key}`),
  )
}
