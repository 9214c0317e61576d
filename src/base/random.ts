/**
 * A seeded generator of uniform doubles in [0, 1): the same seed gives the same sequence on every platform.
 * Algorithm: sfc32 (Chris Doty-Humphrey, PractRand), state filled by splitmix32.
 */
export function seededRandom(seed: number): () => number {
  let mix = seed >>> 0
  const next = (): number => {
    mix = (mix + 0x9e3779b9) | 0
    let t = mix ^ (mix >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return (t ^ (t >>> 15)) >>> 0
  }
  let a = next()
  let b = next()
  let c = next()
  let d = 1
  const step = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4294967296
  }
  for (let i = 0; i < 12; i += 1) step()
  return step
}
