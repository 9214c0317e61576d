import { MillwrightError } from '../../base/errors.ts'
import { folderPath } from '../../contract/search/experiment-folders.ts'
import { valueText } from '../../contract/search/format-filter.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import { parseOrder } from '../../contract/search/parse-order.ts'
import type { Experiment } from '../../contract/tracking.ts'
import type { MetricValue } from '../../contract/tracking-view.ts'
import { artifactPreview } from '../../domain/data/artifact-preview.ts'
import { type ArtifactAddress, artifactFolder, artifactPath } from '../../domain/tracking/artifact-path.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

type Names =
  | 'experiments'
  | 'experimentFolder'
  | 'moveExperiments'
  | 'trackedRuns'
  | 'trackedRunRows'
  | 'trackedNames'
  | 'trackedRun'
  | 'changeTrackedRuns'
  | 'metricCourses'
  | 'trackedFiles'
  | 'trackedFilePreview'

/** Ids of one answer. */
const mostIds = 200_000
/** Files and folders of one answer. */
const mostEntries = 500
/** Characters of the schema or profile of a dataset: a client may send megabytes. */
const mostDescription = 20_000

const listed = (ids: string): string[] => ids.split(',').filter((id) => id !== '')
const folderSign = 'folder:'
/** Ids, or all in a folder and below. */
const asked = (ids: string): string[] | { folder: string } =>
  ids.startsWith(folderSign) ? { folder: ids.slice(folderSign.length) } : listed(ids)
/** Experiments of a folder that are shown with its runs. */
const mostOfFolder = 1000
/** New names of one answer. */
const mostMoved = 50

const metricValue = (value: number): MetricValue =>
  Number.isNaN(value) ? 'NaN' : Math.abs(value) < Number.MAX_VALUE ? value : value > 0 ? 'Infinity' : '-Infinity'

const cut = (text: string | null): string | null => text?.slice(0, mostDescription) ?? null

export function trackingHandlers(plane: ControlPlane): Handlers<Names> {
  const { tracking, data } = plane
  const reader = data.metadata.tracking

  const rootOf = async ({ run, model }: { run?: string | undefined; model?: string | undefined }): Promise<string> => {
    if (run !== undefined && model === undefined) return tracking.roots.rootOf(run)
    if (model !== undefined && run === undefined) return tracking.roots.rootOfModel(model)
    throw new MillwrightError('invalid-request', 'whose files: name a run or a model', { field: 'run' })
  }
  /** The experiments that are named; unknown ones are left out. */
  const named = async (ids: string): Promise<Experiment[]> => {
    const of = asked(ids)
    const wanted = 'folder' in of ? (await reader.views.below(of.folder, mostOfFolder)).map(({ id }) => id) : of
    const found = await Promise.all(wanted.map((id) => reader.experiment(id)))
    return found.filter((experiment) => experiment !== undefined)
  }

  const rowsOf = async (experiments: readonly Experiment[]) => {
    const activity = await reader.views.activityOf(experiments.map(({ id }) => id))
    return experiments.map(({ artifactLocation: _, ...experiment }) => ({
      ...experiment,
      ...(activity.get(experiment.id) ?? { runs: 0, running: 0, lastAt: null }),
    }))
  }

  return {
    experiments: async ({ query: { ids, text, folder, lifecycle, before, limit } }) => {
      const filter = [
        ...(text === '' ? [] : [`name ILIKE ${valueText(`%${text}%`)}`]),
        ...(folder === '' ? [] : [`folder = ${valueText(folder)}`]),
      ].join(' AND ')
      const page =
        ids === undefined
          ? await reader.experiments({
              lifecycle,
              filter: parseFilter(filter, 'experiments'),
              order: [],
              limit,
              after: before === undefined ? undefined : [Number(before) || 0],
            })
          : { experiments: await named(ids), next: null }
      return { experiments: await rowsOf(page.experiments), isWhole: page.next === null }
    },
    experimentFolder: async ({ query: { folder: given, after, limit } }) => {
      const folder = folderPath(given)
      // Of a folder the mark ends with a sign that no name of one ends with.
      const mark = after && ({ kind: after.endsWith('/') ? 'folder' : 'experiment', name: after.slice(0, -1) } as const)
      const entries = await reader.views.folder(folder, { after: mark || null, limit: limit + 1 })
      const page = entries.slice(0, limit)
      const last = page.at(-1)
      const found = await Promise.all(
        page.flatMap((each) => (each.kind === 'experiment' ? [reader.experiment(each.id)] : [])),
      )
      return {
        folder,
        folders: page.flatMap((each) =>
          each.kind === 'folder'
            ? [
                {
                  name: each.name,
                  path: folder === '' ? each.name : `${folder}/${each.name}`,
                  experiments: each.experiments,
                  runs: each.runs,
                },
              ]
            : [],
        ),
        experiments: await rowsOf(found.filter((experiment) => experiment !== undefined)),
        next: entries.length > limit && last ? last.name + (last.kind === 'folder' ? '/' : '.') : null,
      }
    },
    moveExperiments: async ({ body: { dryRun, actor, ...move }, caller }) => {
      const moved = await tracking.folders.move(move, { dryRun, actor: caller.actor(actor) })
      return { moved: moved.length, names: moved.slice(0, mostMoved) }
    },
    trackedRuns: async ({ query: { experiments, filter, order, lifecycle } }) => {
      const runs = await reader.views.runIds({
        experiments: asked(experiments),
        lifecycle,
        filter: parseFilter(filter, 'runs'),
        order: parseOrder(order === '' ? [] : [order], 'runs'),
        limit: mostIds + 1,
      })
      return { runs: runs.slice(0, mostIds), isWhole: runs.length <= mostIds }
    },
    trackedRunRows: async ({ body: { runs, ...columns } }) => ({ rows: await reader.views.rowsOf(runs, columns) }),
    trackedNames: async ({ query: { experiments, runs, kind, text, limit } }) => {
      const of = runs === undefined ? { experiments: asked(experiments) } : { runs: listed(runs) }
      const names = await reader.views.names(of, kind, { text, limit: limit + 1 })
      return { names: names.slice(0, limit), isWhole: names.length <= limit }
    },
    trackedRun: async ({ params }) => {
      const run = await tracking.runs.get(params.run)
      const [experiment, facts, inputs, models] = await Promise.all([
        tracking.experiments.get(run.experimentId),
        reader.factsOf([run.id]),
        reader.inputsOf([run.id]),
        reader.modelsOf([run.id]),
      ])
      const { metrics, params: given, tags } = facts.get(run.id)!
      const { inputs: modelsIn, outputs } = models.get(run.id) ?? { inputs: [], outputs: [] }
      const modelOf = async (id: string) => {
        const model = await reader.models.get(id)
        return { id, name: model?.name ?? null, status: model?.status ?? null, modelType: model?.modelType ?? '' }
      }
      return {
        run,
        experiment: { id: experiment.id, name: experiment.name },
        metrics: metrics.map(({ metric, value, step, at }) => ({ name: metric, value: metricValue(value), step, at })),
        params: given,
        tags,
        datasets: (inputs.get(run.id) ?? []).map(({ dataset, tags: own }) => ({
          ...dataset,
          source: dataset.source.slice(0, mostDescription),
          schema: cut(dataset.schema),
          profile: cut(dataset.profile),
          tags: own,
        })),
        modelsIn: await Promise.all(modelsIn.map(modelOf)),
        modelsOut: await Promise.all(outputs.map(async ({ model, step }) => ({ ...(await modelOf(model)), step }))),
      }
    },
    changeTrackedRuns: async ({ body: { runs, change, reason }, caller }) => ({
      changed: await tracking.runs.change(runs, change, { actor: caller.actor(), reason }),
    }),
    metricCourses: async ({ body: { runs, metric, axis, from, to, most } }) => {
      const found = await reader.views.rowsOf(runs, { metrics: [], params: [], tags: [] })
      return reader.views.courses({
        runs: found.map(({ run }) => ({ id: run.id, origin: axis === 'relative' ? run.startedAt : 0 })),
        metric,
        by: axis === 'step' ? 'step' : 'at',
        from,
        to,
        most,
      })
    },
    trackedFiles: async ({ query: { path, after, ...owner } }) => {
      const root = await rootOf(owner)
      const mark = after === undefined ? undefined : { name: after.replace(/\/$/, ''), isFolder: after.endsWith('/') }
      const address: ArtifactAddress = { root, path: artifactFolder(path) }
      const entries = await tracking.artifacts.list(address, {
        ...(mark ? { after: mark } : {}),
        limit: mostEntries + 1,
      })
      return { root, entries: entries.slice(0, mostEntries), isWhole: entries.length <= mostEntries }
    },
    trackedFilePreview: async ({ query: { path, ...owner } }) => {
      const file = await tracking.artifacts.file({ root: await rootOf(owner), path: artifactPath(path) })
      return artifactPreview(data, file.hash, path.split('/').at(-1)!)
    },
  }
}
