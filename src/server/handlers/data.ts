import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import type { DatasetVersionRecord } from '../../contract/data.ts'
import { batchStates } from '../../contract/states.ts'
import { datasetVersion, diffVersions } from '../../domain/data/dataset-reader.ts'
import { planDatasetRollback } from '../../domain/data/dataset-rollback.ts'
import type { PushBody } from '../../domain/data/pushed-rows.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

type Names =
  | 'datasets'
  | 'dataset'
  | 'datasetVersions'
  | 'datasetBatches'
  | 'datasetDiff'
  | 'pushRows'
  | 'ingest'
  | 'rollbackDataset'

const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way === '' || (!way.startsWith('..') && !isAbsolute(way))
}

export function dataHandlers(plane: ControlPlane): Handlers<Names> {
  const { projects, dataStage, home } = plane
  const { metadata } = plane.data

  const newest = async (dataset: string): Promise<DatasetVersionRecord | null> => {
    const state = await metadata.get('dataset', dataset)
    return state && state.version > 0
      ? ((await metadata.get('dataset_version', `${dataset}@${state.version}`)) ?? null)
      : null
  }

  /** A file that a caller names lies in the project's folder or in the home's `incoming`, wherever links may lead. */
  const allowed = async (path: string): Promise<string> => {
    const asked = resolve(projects.applied.projectDir, path)
    const found = await realpath(asked).catch(() => {
      throw new MillwrightError('not-found', `there is no file ${asked}`, { field: 'path' })
    })
    const folders = await Promise.all([projects.applied.projectDir, home.incoming].map((folder) => realpath(folder)))
    if (!folders.some((folder) => isWithin(folder, found))) {
      throw new MillwrightError('forbidden', `${found} lies outside the project's folder`, {
        field: 'path',
        hint: `Put it into the project or into ${home.incoming}.`,
      })
    }
    return found
  }

  return {
    datasets: async () => ({
      datasets: await Promise.all(
        (projects.current?.definition.datasets ?? []).map(async (definition) => ({
          definition,
          version: await newest(definition.name),
          batches: Object.fromEntries(
            await Promise.all(
              batchStates.map(
                async (state) => [state, await metadata.count('batch', { dataset: definition.name, state })] as const,
              ),
            ),
          ),
        })),
      ),
    }),
    dataset: async ({ params }) => ({
      definition: projects.part('datasets', params.dataset),
      version: await newest(params.dataset),
      inferred: (await metadata.get('dataset', params.dataset))?.inferred ?? [],
    }),
    datasetVersions: async ({ params, query }) => ({
      versions: await metadata.find('dataset_version', {
        where: { dataset: params.dataset },
        orderBy: { field: 'number', direction: 'desc' },
        limit: query.limit,
      }),
    }),
    datasetBatches: async ({ params, query }) => ({
      batches: await metadata.find('batch', {
        where: { dataset: params.dataset, ...(query.state ? { state: query.state } : {}) },
        orderBy: { field: 'id', direction: 'desc' },
        limit: query.limit,
      }),
    }),
    datasetDiff: async ({ params, query }) => {
      const [before, after] = await Promise.all([
        datasetVersion(metadata, params.dataset, query.from),
        datasetVersion(metadata, params.dataset, query.to),
      ])
      const { added, removed, rows, columns } = diffVersions(before, after)
      return { added: [...added], removed: [...removed], rows, columns }
    },
    pushRows: async ({ params, raw: { request } }) => dataStage.push(params.dataset, pushBody(request.body)),
    rollbackDataset: async ({ params: { dataset }, body, caller }) => {
      const { version, dryRun, reason } = body
      const { featureViews } = projects.definition
      projects.part('datasets', dataset)
      const trained = (await metadata.find('model_version')).filter((each) => {
        const [, number] = each.datasetVersion?.startsWith(`${dataset}@`) ? each.datasetVersion.split('@') : []
        return number !== undefined && Number(number) > version
      })
      const serving = new Set((await metadata.find('endpoint')).map((endpoint) => endpoint.serving))
      const depends = [
        ...trained.map(
          ({ id, datasetVersion: of }) => `${id} was trained on ${of}${serving.has(id) ? ', and serves' : ''}`,
        ),
        ...featureViews
          .filter((view) => view.dataset === dataset)
          .map((view) => `feature view ${view.name} begins anew with the rows that are left`),
      ]
      const plan = dryRun
        ? await planDatasetRollback(metadata, dataset, version)
        : await dataStage.rollBack(dataset, version, { actor: caller.actor(body.actor), reason })
      return { version: plan.version, removed: plan.removed, restored: plan.restored, depends }
    },
    ingest: async ({ params, body, caller }) => {
      const source = plane.environment.sourceOf(projects.part('datasets', params.dataset))
      const path =
        body.path !== undefined
          ? await allowed(body.path)
          : source !== undefined
            ? resolve(projects.applied.projectDir, source)
            : null
      if (path === null) {
        throw new MillwrightError('invalid-request', `dataset "${params.dataset}" has no source of its own`, {
          field: 'path',
          hint: 'Name a file.',
        })
      }
      const batches = await dataStage.ingest(params.dataset, path, {
        actor: caller.actor(),
        ...(body.from === undefined ? {} : { from: body.from }),
        ...(body.to === undefined ? {} : { below: body.to }),
      })
      return { batches, version: (await newest(params.dataset))?.number ?? 0 }
    },
  }
}

/** Either form; every value is looked at by the stage itself. */
function pushBody(body: unknown): PushBody {
  const { columns, rows } = (typeof body === 'object' && body !== null ? body : {}) as {
    columns?: unknown
    rows?: unknown
  }
  const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isRecord(columns) && Object.values(columns as object).every(Array.isArray))
    return { columns: columns as Record<string, unknown[]> }
  if (Array.isArray(rows) && rows.every(isRecord)) return { rows: rows as Record<string, unknown>[] }
  throw new MillwrightError('invalid-request', 'send {columns: {name: [value, …]}} or {rows: [{name: value}, …]}', {
    field: 'columns',
  })
}
