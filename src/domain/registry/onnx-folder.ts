import { stat } from 'node:fs/promises'
import { isoTime } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { TrackedEntry, TrackedFile } from '../../ports/tracked-files.ts'
import type { ArtifactAddress } from '../tracking/artifact-path.ts'

const requirements = ['mlflow', 'onnx', 'onnxruntime']
/** Texts of the folder beside the model; the same for every version but the first. */
const texts: Record<string, (version: ModelVersionRecord) => string> = {
  MLmodel: ({ hash, recordedAt }) => `artifact_path: model
flavors:
  onnx:
    code: null
    data: model.onnx
    providers:
    - CPUExecutionProvider
  python_function:
    data: model.onnx
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.onnx
model_uuid: ${hash.slice(0, 32)}
utc_time_created: '${isoTime(recordedAt).replace('T', ' ').replace('Z', '')}'
`,
  'conda.yaml': () => `channels:
- conda-forge
dependencies:
- python>=3.10
- pip
- pip:
${requirements.map((name) => `  - ${name}`).join('\n')}
name: mlflow-env
`,
  'python_env.yaml': () => `build_dependencies:
- pip
- setuptools
- wheel
dependencies:
- -r requirements.txt
`,
  'requirements.txt': () => `${requirements.join('\n')}\n`,
}
const modelFile = 'model.onnx'

/** Where the files of a version that has an ONNX file, and came from no client, are read: by what it is made of. */
export const onnxRoot = ({ hash }: Pick<ModelVersionRecord, 'hash'>): string => `models/${hash}/artifacts`

/** Versions that have an ONNX file, as folders that clients of MLflow load: made on the way out, and kept nowhere. */
export class OnnxFolders {
  constructor(private readonly services: { metadata: Metadata; blobs: Blobs }) {}

  /** @throws `not-found` */
  async file({ root, path }: ArtifactAddress): Promise<TrackedFile> {
    const version = await this.versionOf(root)
    const files = version === null ? [] : await this.files(version)
    const file = files.find((each) => each.path === path)
    if (!file) throw new MillwrightError('not-found', `there is no artifact "${path}" in ${root}`)
    return file
  }

  /** Nothing for what is no such folder. */
  async listAll({ root, path }: ArtifactAddress): Promise<TrackedEntry[]> {
    const version = path === '' ? await this.versionOf(root) : null
    const files = version === null ? [] : await this.files(version)
    return files.map(({ path: name, size }) => ({ name, isFolder: false, size }))
  }

  private async versionOf(root: string): Promise<ModelVersionRecord | null> {
    const [, hash] = /^models\/([0-9a-f]{64})\/artifacts$/.exec(root) ?? []
    if (hash === undefined) return null
    const [version] = await this.services.metadata.find('model_version', { where: { hash }, limit: 1 })
    return version?.onnxHash ? version : null
  }

  /** In order of their paths; of a version that has an ONNX file. */
  async files(version: ModelVersionRecord): Promise<TrackedFile[]> {
    const { blobs } = this.services
    const at = version.recordedAt
    const files: TrackedFile[] = []
    for (const [path, text] of Object.entries(texts))
      files.push({ path, at, ...(await blobs.put(new TextEncoder().encode(text(version)))) })
    const hash = version.onnxHash!
    const { size } = await stat(await blobs.pathOf(hash))
    files.push({ path: modelFile, at, hash, size })
    return files.sort((a, b) => (a.path < b.path ? -1 : 1))
  }
}
