import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { Definition } from '../../contract/definition.ts'
import type { Manifest, PackageRecord } from '../../contract/package.ts'
import type { Change } from '../../contract/routes/project.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { Projects } from '../lifecycle/project.ts'
import { CodeFiles } from '../pipelines/code-files.ts'
import { packProject } from './pack-project.ts'
import { type Packed, type ReadPackage, readPackage } from './package-file.ts'
import { checkUnpacked } from './unpacked.ts'

interface PackageServices {
  metadata: Metadata
  blobs: Blobs
  clock: Clock
  projects: Projects
  millwright: string
  /** Where packages are unpacked. */
  folder: string
}

/** How a package came here, beside its bytes. */
interface Arrival {
  origin: PackageRecord['origin']
  by: string
}

/** The packages that a control plane has: those that were brought, and snapshots of folders that were applied by hand. */
export class Packages {
  /** By folder, so that only what has changed since is looked at again. */
  private readonly code = new Map<string, CodeFiles>()

  constructor(private readonly services: PackageServices) {}

  /** The folder as a package, which is kept nowhere. @throws `invalid-definition` */
  look(projectDir: string, definition: Definition, by: string): Promise<Packed> {
    const code = this.code.get(projectDir) ?? new CodeFiles(projectDir)
    this.code.set(projectDir, code)
    return packProject({ projectDir, definition, by, millwright: this.services.millwright }, code)
  }

  /** The folder as a package, kept: what runs can always be found again. @throws `invalid-definition` */
  async snapshot(projectDir: string, definition: Definition, by: string): Promise<Packed> {
    const packed = await this.look(projectDir, definition, by)
    if (!(await this.services.metadata.get('package', packed.hash)))
      await this.keep({ ...packed, signature: null }, { origin: 'snapshot', by })
    return packed
  }

  /** Takes a package in. The same one again changes nothing, unless it has become signed. @throws `package-altered` */
  async receive(bytes: Uint8Array, by: string): Promise<{ record: PackageRecord; isNew: boolean }> {
    const read = readPackage(bytes)
    const known = await this.services.metadata.get('package', read.hash)
    if (known?.origin === 'package' && (known.signedBy || !read.signature)) return { record: known, isNew: false }
    return { record: await this.keep(read, { origin: 'package', by }), isNew: known?.origin !== 'package' }
  }

  /** @param id the hash, or its first digits where they are enough. @throws `not-found`, `invalid-request` when several begin so. */
  async record(id: string): Promise<PackageRecord> {
    const exact = await this.services.metadata.get('package', id)
    if (exact) return exact
    const found = /^[0-9a-f]{6,63}$/.test(id)
      ? await this.services.metadata.find('package', { where: { id: { atLeast: id, below: `${id}g` } }, limit: 2 })
      : []
    if (found.length === 1) return found[0]!
    if (found.length > 1)
      throw new MillwrightError('invalid-request', `several packages begin with ${id}`, {
        field: 'package',
        hint: 'Give more of its digits.',
      })
    throw new MillwrightError('not-found', `there is no package "${id}" here`, {
      field: 'package',
      hint: '`millwright packages` lists those that are.',
    })
  }

  /** The package itself, looked at from end to end. @throws `not-found`, `package-altered`, `corrupt-blob` */
  async read(id: string): Promise<ReadPackage> {
    const record = await this.record(id)
    const read = readPackage(await this.services.blobs.get(record.blob))
    if (read.hash !== record.id)
      throw new MillwrightError('package-altered', `the file kept as package ${record.id.slice(0, 12)} is another one`)
    return read
  }

  /** The package with the code that a run that starts now will run. @throws `package-altered` when unpacked files were edited. */
  async ofRun(): Promise<string> {
    const { definition, projectDir, appliedBy, packageHash, origin } = this.services.projects.applied
    if (origin !== 'package') return (await this.snapshot(projectDir, definition, appliedBy)).hash
    const { manifest, hash } = await this.read(packageHash!)
    await checkUnpacked(manifest, this.folderOf(hash))
    return hash
  }

  /** Where a package is, or would be, unpacked. */
  folderOf(hash: string): string {
    return join(this.services.folder, hash)
  }

  /** How the code of a package differs from the code in force. */
  async codeChanges(manifest: Manifest): Promise<Change[]> {
    const { projects } = this.services
    const inForce = projects.current?.packageHash
    return inForce ? codeChanges((await this.read(inForce)).manifest, manifest) : []
  }

  private async keep(
    read: Pick<ReadPackage, 'hash' | 'manifest' | 'bytes' | 'signature'>,
    { origin, by }: Arrival,
  ): Promise<PackageRecord> {
    const { metadata, blobs, clock } = this.services
    const { hash, manifest, bytes, signature } = read
    const blob = await blobs.put(bytes)
    const record: PackageRecord = {
      id: hash,
      name: manifest.name,
      definitionHash: manifest.definitionHash,
      blob: blob.hash,
      bytes: bytes.byteLength,
      provenance: manifest.provenance,
      signedBy: signature ? { key: signature.key, publicKey: signature.publicKey } : null,
      origin,
      receivedAt: clock.now(),
      receivedBy: by,
    }
    const { commit, branch, checks } = manifest.provenance
    const from = commit ? ` of commit ${commit.slice(0, 8)}${branch ? ` on ${branch}` : ''}` : ''
    await metadata.transaction(async (writer) => {
      await writer.put('package', record)
      await writer.emit({
        type: origin === 'package' ? 'package.received' : 'package.snapshot-made',
        subject: `package:${hash}`,
        actor: by,
        message:
          origin === 'package'
            ? `Package ${hash.slice(0, 12)}${from} is here, ${checks.length} checks, ${signature ? `signed by ${signature.key}` : 'not signed'}`
            : `The code${from} as it was applied is kept as ${hash.slice(0, 12)}`,
        data: { package: hash, definition: manifest.definitionHash, commit, branch, bytes: bytes.byteLength },
      })
    })
    return record
  }
}

/** Files of two packages that differ, by their hashes. */
function codeChanges(before: Manifest, after: Manifest): Change[] {
  const filesOf = ({ files }: Manifest): Map<string, string> =>
    new Map(files.filter(({ path }) => path.startsWith('project/')).map(({ path, sha256 }) => [path, sha256]))
  const [from, to] = [filesOf(before), filesOf(after)]
  const short = (hash: string | undefined): string | null => hash?.slice(0, 12) ?? null
  const differences = [...new Set([...from.keys(), ...to.keys()])]
    .sort()
    .filter((path) => from.get(path) !== to.get(path))
    .map((path) => ({ path: path.slice('project/'.length), from: short(from.get(path)), to: short(to.get(path)) }))
  return differences.length === 0 ? [] : [{ action: 'change', what: 'code', differences }]
}
