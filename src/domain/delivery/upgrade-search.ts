/** What is to blame when several changes do not work together. */
export interface Blame<T> {
  /** Smallest sets found that do not work by themselves, in the order in which they were found. */
  culprits: T[][]
  /** What is left without them, tried and found to work; empty where nothing is. */
  works: T[]
  /** What nothing is known of, because tries or time were up. */
  undecided: T[]
}

/** Ends a search from within. */
const outOfTries = Symbol('out of tries')

/**
 * Finds which of several changes break something that works without any of them, by halves ("dd", Zeller 1999): about 2·log₂ n tries for one
 * culprit, and those that only fail together are found together. Of such a set the last is left out, for what goes on.
 *
 * @param all known not to work together.
 * @param works tries some of them, in the order of `all`; null when there was no time left to tell.
 * @param tries the most times that `works` is asked.
 */
export async function findCulprits<T>(
  all: readonly T[],
  works: (some: readonly T[]) => Promise<boolean | null>,
  tries: number,
): Promise<Blame<T>> {
  const known = new Map<string, boolean>([
    [keyOf(all, all), false],
    ['', true],
  ])
  let [left, working] = [tries, [] as T[]]
  const isFine = async (some: readonly T[]): Promise<boolean> => {
    const key = keyOf(all, some)
    const before = known.get(key)
    if (before !== undefined) return before
    if (left === 0) throw outOfTries
    left -= 1
    const inOrder = all.filter((each) => some.includes(each))
    const fine = await works(inOrder)
    if (fine === null) throw outOfTries
    known.set(key, fine)
    if (fine && inOrder.length > working.length) working = inOrder
    return fine
  }
  /** The fewest of `some` that do not work beside `rest`, given that all of `some` do not, and that `rest` alone does. */
  const fewest = async (some: readonly T[], rest: readonly T[]): Promise<T[]> => {
    if (some.length === 1) return [...some]
    const middle = some.length >> 1
    const [first, second] = [some.slice(0, middle), some.slice(middle)]
    if (!(await isFine([...first, ...rest]))) return fewest(first, rest)
    if (!(await isFine([...second, ...rest]))) return fewest(second, rest)
    const half = await fewest(first, [...second, ...rest])
    return [...half, ...(await fewest(second, [...half, ...rest]))]
  }
  const culprits: T[][] = []
  let remaining = [...all]
  try {
    while (remaining.length > 0 && !(await isFine(remaining))) {
      const found = await fewest(remaining, [])
      culprits.push(all.filter((each) => found.includes(each)))
      const blamed = culprits.at(-1)!.at(-1)
      remaining = remaining.filter((each) => each !== blamed)
    }
    return { culprits, works: remaining, undecided: [] }
  } catch (error) {
    if (error !== outOfTries) throw error
    return { culprits, works: working, undecided: remaining.filter((each) => !working.includes(each)) }
  }
}

const keyOf = <T>(all: readonly T[], some: readonly T[]): string =>
  all.flatMap((each, place) => (some.includes(each) ? [place] : [])).join()
