import { rename, writeFile } from 'node:fs/promises'
import type { CiReport } from '../../contract/ci.ts'
import type { Json } from '../../contract/pipeline.ts'
import { type PackRequest, packProject } from '../../domain/delivery/pack-project.ts'
import { signPackage } from '../../domain/delivery/package-file.ts'

interface CheckedProject extends Pick<PackRequest, 'projectDir' | 'definition' | 'by' | 'branch' | 'upgraded'> {
  /** Of that very folder. */
  report: CiReport
  key: { name: string; privateKey: string } | null
}

/** Packs a project with what its checks said and the requests that they recorded, signed when a key is given. */
export async function packChecked({
  report,
  key,
  ...project
}: CheckedProject): Promise<{ hash: string; bytes: Uint8Array }> {
  const packed = await packProject({
    ...project,
    millwright: report.millwright,
    checks: report.checks.map(({ check, outcome, summary }) => ({ check, outcome, summary })),
    ...(Object.keys(report.golden).length > 0 ? { golden: report.golden as unknown as Json } : {}),
  })
  return { hash: packed.hash, bytes: key ? signPackage(packed.bytes, key.privateKey, key.name) : packed.bytes }
}

/** Writes a file whole or not at all. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.part`, bytes)
  await rename(`${path}.part`, path)
}
