import { MillwrightError } from '../../base/errors.ts'

/** Of one name, in bytes of UTF-8: what the file systems of those who fetch it can hold. */
const mostNameBytes = 255
const mostPathBytes = 2000
/** Nobody means more than that; what is encoded more often hides something. */
const mostEncodings = 4

const encoder = new TextEncoder()

/** What is wrong with a path as it stands; null for nothing. */
function faultOf(path: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'has a control character'
  if (/\p{Surrogate}/u.test(path)) return 'is no Unicode text'
  if (path.includes('\\')) return 'has a backslash'
  if (/[#?]/.test(path)) return 'has a # or a ?'
  if (/^\s*[a-z][a-z0-9+.-]*:/i.test(path)) return 'begins with a scheme or a drive'
  if (path.startsWith('/')) return 'is absolute'
  if (encoder.encode(path).length > mostPathBytes) return `is longer than ${mostPathBytes} bytes`
  for (const name of path.split('/')) {
    if (name === '') return 'has an empty name'
    // With those of nothing but dots: what a name ends with is left out by some file systems.
    if (/[.\s]$/.test(name)) return 'has a name that ends with a dot or a space'
    if (/^[a-z]:/i.test(name)) return 'has a drive'
    if (encoder.encode(name).length > mostNameBytes) return `has a name longer than ${mostNameBytes} bytes`
  }
  return null
}

/** Once more decoded; the text itself where nothing in it is encoded. */
function decoded(text: string): string {
  if (!/%[0-9a-f]{2}/i.test(text)) return text
  try {
    return decodeURIComponent(text)
  } catch {
    // Not whole characters: each byte by itself then, since some reader may take it so.
    return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  }
}

/**
 * The path below a root that a client means, as it stands: names of any script with `/` between them. A path is a key and never touches a file system
 * here, but it does where files are fetched to; so it is refused whatever some reader could take for a way out of the root, however often
 * it is encoded.
 *
 * @param text decoded once, as it comes out of an address or of JSON.
 * @throws `invalid-request` which says what is wrong with it.
 */
export function artifactPath(text: string): string {
  let stage = text
  for (let times = 0; times <= mostEncodings; times += 1) {
    const fault = faultOf(stage)
    if (fault !== null) throw refusal(`${fault}${times > 0 ? ', once it is decoded' : ''}`)
    const next = decoded(stage)
    if (next === stage) return text
    stage = next
  }
  throw refusal('is encoded over and over')
}

/** The path of a folder, which may end with `/`; '' is the root. */
export function artifactFolder(text: string): string {
  const path = text.endsWith('/') ? text.slice(0, -1) : text
  return path === '' && text === '' ? '' : artifactPath(path)
}

function refusal(why: string): MillwrightError {
  return new MillwrightError('invalid-request', `the path of an artifact ${why}`, {
    field: 'path',
    hint: 'Name it relative to the root of its run or model, as in `plots/roc.png`.',
  })
}

/** Where a file or a folder is: '' as the path is the root itself. */
export interface ArtifactAddress {
  root: string
  path: string
}

const rootPattern = /^([\w-]{1,64}\/(?:models\/[\w-]{1,64}|(?!models\/)[\w-]{1,64})\/artifacts)(?:\/(.*))?$/s

/**
 * Takes `<experiment>/<run>/artifacts/<path>` or `<experiment>/models/<model>/artifacts/<path>` apart.
 *
 * @throws `invalid-request` for another address, or a path that is none.
 */
export function artifactAddress(text: string): ArtifactAddress {
  // As a whole first: what is wrong with it is said in the same words wherever it stands.
  const whole = artifactFolder(text)
  const [, root, path = ''] = rootPattern.exec(whole) ?? []
  if (root === undefined)
    throw new MillwrightError('invalid-request', 'the path is not below the artifacts of a run or of a model', {
      field: 'path',
      hint: 'It begins with `<experiment>/<run>/artifacts` or `<experiment>/models/<model>/artifacts`.',
    })
  // By itself too: a scheme stands at a beginning.
  return { root, path: path === '' ? '' : artifactPath(path) }
}
