/** A pattern of LIKE, as SQLite reads it: `%` is any text, `_` any one character, and nothing escapes them. */
export type LikePattern = readonly string[]

/** The small letters of ASCII and no others, as SQLite's `lower` has it: ILIKE finds `Adam` for `ADAM`, but not `École` for `ÉCOLE`. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** The characters (code points) of a pattern, in small letters for ILIKE. */
export function likePattern(pattern: string, ignoreCase: boolean): LikePattern {
  return [...(ignoreCase ? lower(pattern) : pattern)]
}

/** Whether the whole text fits the pattern. Steps: at most the product of both lengths. */
export function isLike(text: string, pattern: LikePattern, ignoreCase: boolean): boolean {
  const characters = [...(ignoreCase ? lower(text) : text)]
  let at = 0
  let place = 0
  // Where the last % stands, and how much of the text it has taken.
  let star = -1
  let taken = 0
  while (at < characters.length) {
    if (pattern[place] === '%') {
      star = place
      taken = at
      place += 1
    } else if (place < pattern.length && (pattern[place] === '_' || pattern[place] === characters[at])) {
      at += 1
      place += 1
    } else if (star >= 0) {
      taken += 1
      at = taken
      place = star + 1
    } else return false
  }
  while (pattern[place] === '%') place += 1
  return place === pattern.length
}
