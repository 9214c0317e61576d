import type { DataServices } from '../domain/data/data-services.ts'
import type { Projects } from '../domain/lifecycle/project.ts'
import { OnnxFolders } from '../domain/registry/onnx-folder.ts'
import { RegisteredModels } from '../domain/registry/registered-models.ts'
import { RegisteredVersions } from '../domain/registry/registered-versions.ts'
import type { Tracking } from './tracking.ts'

/** What serves clients that register models. */
export interface Registered {
  readonly models: RegisteredModels
  readonly versions: RegisteredVersions
  readonly onnxFolders: OnnxFolders
}

export function openRegistered(data: DataServices, tracking: Tracking, projects: Projects): Registered {
  const onnxFolders = new OnnxFolders(data)
  return {
    models: new RegisteredModels(
      data.metadata,
      () => projects.current?.definition.models.map(({ name }) => name) ?? [],
    ),
    versions: new RegisteredVersions({ ...data, ...tracking, onnxFolders }),
    onnxFolders,
  }
}
