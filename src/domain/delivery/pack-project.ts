import { canonicalJson } from '../../base/hash.ts'
import type { Definition } from '../../contract/definition.ts'
import type { CheckResult, Upgraded } from '../../contract/package.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { CodeFiles } from '../pipelines/code-files.ts'
import { gitState } from '../pipelines/run-source.ts'
import { signatureOf } from '../registry/request-columns.ts'
import { type FileContent, type Packed, packFiles } from './package-file.ts'
import { projectFiles } from './project-files.ts'

export interface PackRequest {
  projectDir: string
  /** As loaded from that folder. */
  definition: Definition
  /** Who makes it, as events name it: `user:ada`, `ci`. */
  by: string
  /** Version of Millwright. */
  millwright: string
  /** What continuous integration found; none for a snapshot. */
  checks?: CheckResult[]
  /** Golden requests with their answers; kept as `golden.json`. */
  golden?: Json
  /** Where git cannot say it, as in a detached checkout. */
  branch?: string
  /** Versions of packages that differ from those of the commit, because an upgrade was tried. */
  upgraded?: Upgraded[]
}

/**
 * Packs a project's folder: definition, code, lockfiles, schemas, golden requests, provenance.
 *
 * @param code what is known of the folder's code already.
 * @throws `invalid-definition` for code that cannot be read or that lies outside the repository.
 */
export async function packProject(request: PackRequest, code?: CodeFiles): Promise<Packed> {
  const { projectDir, definition, by, millwright, checks = [], golden } = request
  const [{ files: own, folder, lockfile }, git] = await Promise.all([
    projectFiles(projectDir, definition, code),
    gitState(projectDir),
  ])
  const files = new Map<string, FileContent>()
  for (const [path, content] of own) files.set(`project/${path}`, content)
  files.set('schemas.json', { bytes: Buffer.from(canonicalJson(schemasOf(definition))) })
  if (golden !== undefined) files.set('golden.json', { bytes: Buffer.from(canonicalJson(golden)) })
  const { version: node, platform, arch } = process
  return packFiles({
    definition,
    files,
    millwright,
    folder,
    lockfile: lockfile === null ? null : `project/${lockfile}`,
    provenance: {
      commit: git.commit,
      branch: request.branch ?? git.branch,
      dirty: git.dirty,
      builder: { by, millwright, node, platform, arch },
      checks,
      ...(request.upgraded ? { upgraded: request.upgraded } : {}),
    },
  })
}

/** What comes in and goes out, for whoever has to fit to it and reads no definition. */
function schemasOf(definition: Definition): unknown {
  const datasets = new Map(definition.datasets.map((dataset) => [dataset.name, dataset]))
  return {
    datasets: Object.fromEntries(
      [...datasets].map(([name, { columns, time, expectations }]) => [name, { columns, time, expectations }]),
    ),
    models: Object.fromEntries(
      definition.models.flatMap((model) => {
        const dataset = datasets.get(model.dataset)
        return dataset ? [[model.name, signatureOf(model, dataset)]] : []
      }),
    ),
  }
}
