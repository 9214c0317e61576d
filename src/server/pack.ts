import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Definition } from '../contract/definition.ts'
import { packProject } from '../domain/delivery/pack-project.ts'
import { signPackage } from '../domain/delivery/package-file.ts'
import { millwrightVersion } from './version.ts'

export { newSigningKey } from '../domain/delivery/package-signature.ts'

/** A folder as a package, signed when a file with a key is given. No check was made of it. */
export async function packFolder(request: {
  projectDir: string
  definition: Definition
  by: string
  keyFile?: string
}): Promise<{ hash: string; bytes: Uint8Array; files: number }> {
  const { keyFile, ...rest } = request
  const { hash, bytes, manifest } = await packProject({ ...rest, millwright: millwrightVersion })
  const signed = keyFile ? signPackage(bytes, await readFile(keyFile, 'utf8'), basename(keyFile, '.pem')) : bytes
  return { hash, bytes: signed, files: manifest.files.length }
}
