/** 32-bit FNV-1a, mixed once more so that near keys land far apart. */
function mixedHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x7feb352d)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x846ca68b)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A place in [0, 1) that stays with the key: the same key meets the same version for as long as the shares stand. */
export function placeOf(key: string, salt: string): number {
  return mixedHash(`${salt}/${key}`) / 4294967296
}

/** The slot that answers a key: shares are laid one after the other over [0, 1), canary first, so that a growing canary keeps the keys it has. */
export function chooseSlot<S extends { role: string; share: number }>(
  slots: readonly S[],
  place: number,
): S | undefined {
  let sum = 0
  for (const slot of slots) {
    if (slot.role !== 'canary') continue
    sum += slot.share
    if (place < sum) return slot
  }
  return slots.find((slot) => slot.role === 'primary') ?? slots.find((slot) => slot.role === 'canary')
}
