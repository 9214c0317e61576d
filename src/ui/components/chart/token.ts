/** A design token as it is now: `--line-1`. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
