import { unzipSync, type Zippable, zipSync } from 'fflate'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { canonicalJson, sha256 } from '../../base/hash.ts'
import { type Definition, definitionSchema } from '../../contract/definition.ts'
import { type Manifest, manifestSchema, type PackageSignature, signatureSchema } from '../../contract/package.ts'
import { isSignedBy, signIdentity } from './package-signature.ts'

const manifestPath = 'manifest.json'
const definitionPath = 'definition.json'
const signaturePath = 'signature.json'
/** Of a package: a name costs a few bytes in an archive and much more on a disk. */
const mostPaths = 50_000
/** Of what is read as JSON; definitions that are applied have the same bound. */
const mostJsonBytes = 16 << 20

/** A file of a package: its bytes, and whether it is a program. */
export interface FileContent {
  bytes: Uint8Array
  executable?: boolean
}

/** What goes into a package beside what follows from the files themselves. */
export interface PackageContent {
  definition: Definition
  /** Path within the package → content: `project/…`, `schemas.json`, `golden.json`. The definition is put in by itself. */
  files: ReadonlyMap<string, FileContent>
  millwright: string
  folder: string
  lockfile: string | null
  provenance: Manifest['provenance']
}

/** A package as bytes. */
export interface Packed {
  /** The identity: SHA-256 of the manifest's bytes. */
  hash: string
  manifest: Manifest
  bytes: Uint8Array
}

/** A package that was read and found whole. */
export interface ReadPackage extends Packed {
  definition: Definition
  /** Path within the package → content, without manifest and signature. */
  files: Map<string, FileContent>
  /** It holds for this identity; whether its key is one to trust is for the reader to say. */
  signature: PackageSignature | null
}

/** Packs a project. The same content gives the same bytes, on every machine. @throws `invalid-request` for too many files */
export function packFiles(content: PackageContent): Packed {
  const definition = Buffer.from(canonicalJson(content.definition))
  const files = new Map([...content.files, [definitionPath, { bytes: definition }]])
  const isTooMany = countPaths()
  for (const path of [manifestPath, signaturePath, ...files.keys()])
    if (isTooMany(path))
      throw new MillwrightError('invalid-request', `a package holds at most ${mostPaths} files and folders`, {
        hint: 'Keep data and generated files out of the folders that steps name as their code.',
      })
  const manifest: Manifest = {
    format: 1,
    name: content.definition.name,
    definitionHash: sha256(definition),
    millwright: content.millwright,
    files: [...files.keys()].sort().map((path) => {
      const { bytes, executable } = files.get(path)!
      return { path, sha256: sha256(bytes), bytes: bytes.byteLength, ...(executable ? { executable: true } : {}) }
    }),
    folder: content.folder,
    lockfile: content.lockfile,
    provenance: content.provenance,
  }
  return { ...bytesOf(manifest, files, null), manifest }
}

/**
 * The same package, vouched for: its identity stays.
 *
 * @param privateKey an Ed25519 key as PEM. @param key what to call it.
 * @throws `package-altered`, `invalid-request` for a key that is none.
 */
export function signPackage(bytes: Uint8Array, privateKey: string, key: string): Uint8Array {
  const { hash, manifest, files } = readPackage(bytes)
  return bytesOf(manifest, files, signIdentity(hash, privateKey, key)).bytes
}

function bytesOf(
  manifest: Manifest,
  files: ReadonlyMap<string, FileContent>,
  signature: PackageSignature | null,
): { hash: string; bytes: Uint8Array } {
  const text = Buffer.from(canonicalJson(manifest))
  const entries: Zippable = { [manifestPath]: text }
  for (const { path } of manifest.files) entries[path] = files.get(path)!.bytes
  if (signature) entries[signaturePath] = Buffer.from(canonicalJson(signature))
  // The archive's times are local times, and 1980 is where they begin: this is the same instant on no two clocks, and the same bytes on all.
  return { hash: sha256(text), bytes: zipSync(entries, { level: 0, mtime: new Date(1980, 0, 1) }) }
}

const altered = (why: string, cause?: unknown): MillwrightError =>
  new MillwrightError('package-altered', `the package is not as it was made: ${why}`, {
    hint: 'Take it again from where it was made; a package is never changed, only made anew.',
    ...(cause === undefined ? {} : { cause }),
  })

/** A path that stays within the package wherever it is unpacked. */
const isInside = (path: string): boolean =>
  path.length < 1000 &&
  !path.includes('\\') &&
  !path.includes('\0') &&
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

/**
 * Reads a package and looks at all of it: the hash of every file and of the definition, nothing missing or added, a signature that holds,
 * and bytes that are exactly those that packing the content again gives.
 *
 * @throws `package-altered` for anything else; nothing of such a package is used.
 */
export function readPackage(bytes: Uint8Array): ReadPackage {
  const entries = entriesOf(bytes)
  const manifest = parsed(entries, manifestPath, manifestSchema)
  const signature = entries.has(signaturePath) ? parsed(entries, signaturePath, signatureSchema) : null
  const files = new Map<string, FileContent>()
  for (const { path, sha256: expected, executable } of manifest.files) {
    const content = entries.get(path)
    if (!content) throw altered(`${path} is missing`)
    if (sha256(content) !== expected) throw altered(`${path} has another content than the manifest says`)
    if (!isInside(path)) throw altered(`${JSON.stringify(path)} is no path within a package`)
    files.set(path, { bytes: content, ...(executable ? { executable } : {}) })
  }
  if (manifest.folder !== '' && !isInside(manifest.folder)) throw altered('its project has no folder within it')
  const definition = parsed(entries, definitionPath, definitionSchema)
  if (sha256(entries.get(definitionPath)!) !== manifest.definitionHash) throw altered('it holds another definition')
  const again = bytesOf(manifest, files, signature)
  if (Buffer.compare(again.bytes, bytes) !== 0) throw altered('its bytes are not those that its content gives')
  if (signature && !isSignedBy(again.hash, signature)) throw altered('its signature does not hold')
  return { hash: again.hash, bytes, manifest, definition, files, signature }
}

/** Counts files, and the folders that they would make. @returns a function that says whether there are too many with one more. */
function countPaths(): (path: string) => boolean {
  const folders = new Set<string>()
  let files = 0
  return (path) => {
    files += 1
    for (let at = path.indexOf('/'); at >= 0 && files + folders.size <= mostPaths; at = path.indexOf('/', at + 1))
      folders.add(path.slice(0, at))
    return files + folders.size > mostPaths
  }
}

function entriesOf(bytes: Uint8Array): Map<string, Uint8Array> {
  let all = 0
  const isTooMany = countPaths()
  try {
    const entries = unzipSync(bytes, {
      filter: ({ name, compression, size, originalSize }) => {
        // Packages are stored, not compressed: what would unfold into more than it is, is none.
        if (compression !== 0 || size !== originalSize) throw altered(`${name} is compressed`)
        if (isTooMany(name)) throw altered(`it holds more than ${mostPaths} files and folders`)
        all += size
        // Several names for the same bytes.
        if (all > bytes.byteLength) throw altered(`with ${name} it holds more than it is long`)
        return true
      },
    })
    return new Map(Object.entries(entries))
  } catch (error) {
    throw error instanceof MillwrightError ? error : altered(`it cannot be read (${messageOf(error)})`, error)
  }
}

function parsed<T>(entries: ReadonlyMap<string, Uint8Array>, path: string, schema: { parse(value: unknown): T }): T {
  const bytes = entries.get(path)
  if (!bytes) throw altered(`${path} is missing`)
  if (bytes.byteLength > mostJsonBytes) throw altered(`${path} is larger than ${mostJsonBytes >> 20} MB`)
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (error) {
    throw altered(`${path} is not what it should be`, error)
  }
}
