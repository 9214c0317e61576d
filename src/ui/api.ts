import type { ErrorBody } from '../contract/errors.ts'
import type { CallOf, Method, ResultOf } from '../contract/route.ts'
import type { RouteName, Routes } from '../contract/routes.ts'

/**
 * Where the routes that the screens call are. The client of `src/sdk` reads this from the route table itself, which brings every
 * schema and zod along; a page needs only the types, so the addresses are said here again and a test holds them to the table.
 */
export const addresses = {
  addWebhook: 'POST /api/webhooks',
  alerts: 'GET /api/alerts',
  approvePackage: 'POST /api/packages/{package}/approve',
  artifact: 'GET /api/artifacts/{hash}',
  artifactPreview: 'GET /api/artifacts/{hash}/preview',
  changeTrackedRuns: 'POST /api/tracked-runs/change',
  ciRuns: 'GET /api/ci-runs',
  changeWebhook: 'PATCH /api/webhooks/{webhook}',
  clock: 'GET /api/clock',
  dataset: 'GET /api/datasets/{dataset}',
  datasetBatch: 'GET /api/datasets/{dataset}/batches/{batch}',
  datasetBatches: 'GET /api/datasets/{dataset}/batches',
  datasetDiff: 'GET /api/datasets/{dataset}/diff',
  datasetVersions: 'GET /api/datasets/{dataset}/versions',
  datasets: 'GET /api/datasets',
  definition: 'GET /api/definitions/{definition}',
  definitions: 'GET /api/definitions',
  delivery: 'GET /api/delivery',
  deploy: 'POST /api/endpoints/{endpoint}/deploy',
  deployPackage: 'POST /api/packages/{package}/deploy',
  diff: 'GET /api/diff',
  endpoint: 'GET /api/endpoints/{endpoint}',
  endpoints: 'GET /api/endpoints',
  events: 'GET /api/events',
  experimentFolder: 'GET /api/experiment-folder',
  experiments: 'GET /api/experiments',
  featureSpreads: 'GET /api/feature-views/{view}/spreads',
  featureValues: 'GET /api/feature-views/{view}/values',
  featureViews: 'GET /api/feature-views',
  lineage: 'GET /api/predictions/{id}/lineage',
  measurements: 'GET /api/measurements',
  metricCourses: 'POST /api/metric-courses',
  modelVersion: 'GET /api/models/{model}/versions/{version}',
  modelVersions: 'GET /api/models/{model}/versions',
  models: 'GET /api/models',
  monitorPeriod: 'GET /api/monitors/{monitor}/periods/{from}',
  monitors: 'GET /api/monitors',
  moveExperiments: 'POST /api/experiments/move',
  overview: 'GET /api/overview',
  package: 'GET /api/packages/{package}',
  pipelineRuns: 'GET /api/pipeline-runs',
  pipelines: 'GET /api/pipelines',
  predictions: 'GET /api/predictions',
  project: 'GET /api/project',
  projectFolder: 'GET /api/project/folder',
  quality: 'GET /api/quality',
  reproductions: 'GET /api/reproductions',
  removeWebhook: 'DELETE /api/webhooks/{webhook}',
  rerun: 'POST /api/runs/{run}/rerun',
  resendWebhook: 'POST /api/webhooks/{webhook}/resend',
  resumeRun: 'POST /api/runs/{run}/resume',
  rollback: 'POST /api/endpoints/{endpoint}/rollback',
  rollbackDataset: 'POST /api/datasets/{dataset}/rollback',
  rollbackFeatureView: 'POST /api/feature-views/{view}/rollback',
  rollbackPackage: 'POST /api/delivery/rollback',
  run: 'GET /api/runs/{run}',
  runInputs: 'GET /api/runs/{run}/inputs',
  runPipeline: 'GET /api/runs/{run}/pipeline',
  runRows: 'GET /api/run-rows',
  runs: 'GET /api/runs',
  search: 'GET /api/search',
  session: 'GET /api/session',
  setAlias: 'PUT /api/models/{model}/aliases/{alias}',
  signIn: 'POST /api/session',
  signOut: 'DELETE /api/session',
  startRun: 'POST /api/runs',
  stepLog: 'GET /api/runs/{run}/steps/{step}/log',
  stepReason: 'GET /api/runs/{run}/steps/{step}/reason',
  stopRun: 'POST /api/runs/{run}/stop',
  testWebhook: 'POST /api/webhooks/{webhook}/test',
  trackedFilePreview: 'GET /api/tracked-file-preview',
  trackedFiles: 'GET /api/tracked-files',
  trackedNames: 'GET /api/tracked-names',
  trackedRun: 'GET /api/tracked-runs/{run}',
  trackedRunRows: 'POST /api/tracked-run-rows',
  trackedRuns: 'GET /api/tracked-runs',
  triggers: 'GET /api/triggers',
  upgrades: 'GET /api/upgrades',
  endpointTraffic: 'GET /api/endpoints/{endpoint}/traffic',
  predictors: 'GET /api/predictors',
  tryEndpoint: 'POST /api/endpoints/{endpoint}/try',
  versionLineage: 'GET /api/models/{model}/versions/{version}/lineage',
  verifyEvents: 'GET /api/events/verify',
  webhook: 'GET /api/webhooks/{webhook}',
  webhooks: 'GET /api/webhooks',
} as const satisfies Partial<Record<RouteName, `${Method} /${string}`>>

/** Routes that the screens call. */
export type Called = keyof typeof addresses
/** Those of them that change nothing. */
export type ReadRoute = { [K in Called]: (typeof addresses)[K] extends `GET ${string}` ? K : never }[Called]
export type Answer<K extends Called> = ResultOf<Routes[K]>
/** What a route is asked with; left out where nothing has to be said. */
export type Asking<K extends Called> =
  Record<never, never> extends CallOf<Routes[K]> ? [asked?: CallOf<Routes[K]>] : [asked: CallOf<Routes[K]>]

/** What went wrong, in the server's words; `unavailable` when nobody answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message)
  }
}

const unreachable = (): ApiError =>
  new ApiError('unavailable', 'The control plane does not answer.', 'Start it with `millwright up`.')

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as ErrorBody
    return new ApiError(error.code, error.message, error.hint ?? null)
  } catch {
    return new ApiError('unavailable', `The control plane answered ${response.status}.`)
  }
}

/** An answer that is no JSON: a log, an artifact. @throws ApiError */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, init).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause
    throw unreachable()
  })
  if (!response.ok) throw await errorOf(response)
  return response
}

/** Where a route is when it is asked so: for what is no JSON, and for links. */
export function addressFor<K extends Called>(name: K, ...[asked]: Asking<K>): string {
  // The table's types tie what is asked to the route; from here on all routes look alike.
  const { params = {}, query = {} } = (asked ?? {}) as {
    params?: Record<string, string>
    query?: Record<string, unknown>
  }
  const [, template] = addresses[name].split(' ') as [Method, string]
  const path = template.replace(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(params[param] ?? ''))
  const given = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value))
  return given.size > 0 ? `${path}?${given}` : path
}

/**
 * Calls a route of the control plane that serves this page.
 *
 * @throws ApiError
 */
export async function call<K extends Called>(name: K, ...asked: Asking<K>): Promise<Answer<K>> {
  const { body } = (asked[0] ?? {}) as { body?: unknown }
  const [method] = addresses[name].split(' ') as [Method]
  const response = await ask(addressFor(name, ...asked), {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return (await response.json()) as Answer<K>
}
