/** Ascending, missing first; 0 and -0 are told apart, so that the order leaves no bit to chance. */
export function compareValues(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (Object.is(a, b)) return 0
  if (Number.isNaN(a)) return -1
  if (Number.isNaN(b)) return 1
  return Object.is(a, -0) ? -1 : 1
}
