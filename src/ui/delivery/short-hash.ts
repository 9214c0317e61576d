/** The first digits of a hash, as commands take them. */
export const shortHash = (hash: string): string => hash.slice(0, 12)
