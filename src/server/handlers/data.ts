import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import type { BatchRecord, DatasetVersionRecord, ListedBatch } from '../../contract/data.ts'
import { batchStates } from '../../contract/states.ts'
import { columnsBesideReference } from '../../domain/data/batch-columns.ts'
import { consumersOfDataset } from '../../domain/data/dataset-consumers.ts'
import { datasetVersion, diffVersions } from '../../domain/data/dataset-reader.ts'
import { planDatasetRollback, type RollbackPlan } from '../../domain/data/dataset-rollback.ts'
import type { PushBody } from '../../domain/data/pushed-rows.ts'
import type { RecordWriter } from '../../ports/metadata.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

type Names =
  | 'datasets'
  | 'dataset'
  | 'datasetVersions'
  | 'datasetBatches'
  | 'datasetBatch'
  | 'datasetDiff'
  | 'pushRows'
  | 'ingest'
  | 'rollbackDataset'

const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way === '' || (!way.startsWith('..') && !isAbsolute(way))
}

const listed = (batches: readonly BatchRecord[]): ListedBatch[] =>
  batches.map(({ summaries: _summaries, ...batch }) => batch)

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
    const { projectDir } = projects.applied
    const asked = resolve(projectDir, path)
    const found = await realpath(asked).catch(() => null)
    const named = [projectDir, home.incoming]
    const real = await Promise.all(named.map((folder) => realpath(folder)))
    if (found !== null && real.some((folder) => isWithin(folder, found))) return found
    // Whether there is such a file elsewhere is not told, nor where a link leads.
    if (found === null && [...named, ...real].some((folder) => isWithin(folder, asked)))
      throw new MillwrightError('not-found', `there is no file "${path}"`, { field: 'path' })
    throw new MillwrightError('forbidden', `"${path}" lies outside the project's folder`, {
      field: 'path',
      hint: 'Put it into the project or into the folder `incoming` of the home.',
    })
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
          last:
            listed(
              await metadata.find('batch', {
                where: { dataset: definition.name },
                orderBy: { field: 'id', direction: 'desc' },
                limit: 1,
              }),
            ).at(0) ?? null,
        })),
      ),
    }),
    dataset: async ({ params }) => ({
      definition: projects.part('datasets', params.dataset),
      version: await newest(params.dataset),
      inferred: (await metadata.get('dataset', params.dataset))?.inferred ?? [],
      consumers: consumersOfDataset(projects.definition, params.dataset),
    }),
    datasetVersions: async ({ params, query }) => ({
      versions: await metadata.find('dataset_version', {
        where: { dataset: params.dataset, ...(query.before ? { number: { below: query.before } } : {}) },
        orderBy: { field: 'number', direction: 'desc' },
        limit: query.limit,
      }),
    }),
    datasetBatches: async ({ params, query }) => ({
      batches: listed(
        await metadata.find('batch', {
          where: {
            dataset: params.dataset,
            ...(query.state ? { state: query.state } : {}),
            ...(query.before ? { id: { below: query.before } } : {}),
          },
          orderBy: { field: 'id', direction: 'desc' },
          limit: query.limit,
        }),
      ),
    }),
    datasetBatch: async ({ params }) => {
      const definition = projects.part('datasets', params.dataset)
      const batch = await metadata.get('batch', params.batch)
      if (batch?.dataset !== params.dataset)
        throw new MillwrightError('not-found', `dataset "${params.dataset}" has no batch "${params.batch}"`)
      const inferred = (await metadata.get('dataset', params.dataset))?.inferred ?? []
      return { batch, columns: columnsBesideReference(definition, batch, inferred) }
    },
    datasetDiff: async ({ params, query }) => {
      const [before, after] = await Promise.all([
        datasetVersion(metadata, params.dataset, query.from),
        datasetVersion(metadata, params.dataset, query.to),
      ])
      const { added, removed, rows, columns } = diffVersions(before, after)
      return { added: listed(added), removed: listed(removed), rows, columns }
    },
    pushRows: async ({ params, raw: { request } }) => dataStage.push(params.dataset, pushBody(request.body)),
    rollbackDataset: async ({ params: { dataset }, body, caller, asked }) => {
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
      const answerOf = ({ version, removed, restored }: RollbackPlan) => ({ version, removed, restored, depends })
      if (dryRun) return answerOf(await planDatasetRollback(metadata, dataset, version))
      return plane.requests.onceAnswered(asked, async (keep) => {
        const also = (writer: RecordWriter, plan: RollbackPlan) => keep(writer, answerOf(plan))
        return answerOf(await dataStage.rollBack(dataset, version, { actor: caller.actor(body.actor), reason, also }))
      })
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
