import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { ErrorState } from './components/states.tsx'
import { datasetSearch } from './data/dataset-search.ts'
import type { EventFilter } from './events/event-filter.ts'
import { viewSearch } from './features/view-search.ts'
import { Overview } from './overview/overview.tsx'
import { projectSearch } from './project/project-search.ts'
import { Shell } from './shell/shell.tsx'

function NotFound() {
  return (
    <div className="error">
      <p>There is no screen at this address.</p>
      <Link to="/" search={{}}>
        Go to the overview
      </Link>
    </div>
  )
}

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: ({ error, reset }) => (
    <ErrorState error={error instanceof Error ? error : new Error(String(error))} retry={reset} />
  ),
})

/** All that the overview lets one choose, so that a link holds it. */
interface OverviewSearch {
  stage?: string | undefined
  endpoint?: string | undefined
  metric?: string | undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** What a screen keeps in its address, each by its name; nothing else stays there. */
const texts =
  <K extends string>(...names: readonly K[]) =>
  (given: Record<string, unknown>): { [N in K]?: string | undefined } =>
    Object.fromEntries(names.map((name) => [name, text(given[name])])) as { [N in K]?: string | undefined }

const numbers =
  <K extends string>(...names: readonly K[]) =>
  (given: Record<string, unknown>): { [N in K]?: number | undefined } =>
    Object.fromEntries(names.map((name) => [name, typeof given[name] === 'number' ? given[name] : undefined])) as {
      [N in K]?: number | undefined
    }

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: Overview,
  beforeLoad: async ({ location }) => {
    if (location.hash === '') return
    const { clientLink } = await import('./components/client-link.ts')
    const meant = clientLink(location.hash)
    if (meant !== null) throw redirect({ to: meant, hash: '', replace: true })
  },
  validateSearch: (given: Record<string, unknown>): OverviewSearch => ({
    stage: text(given.stage),
    endpoint: text(given.endpoint),
    metric: text(given.metric),
  }),
})

const models = createRoute({
  getParentRoute: () => root,
  path: '/models',
  component: lazyRouteComponent(() => import('./models/models.tsx'), 'Models'),
})

const model = createRoute({
  getParentRoute: () => root,
  path: '/models/$model',
  component: lazyRouteComponent(() => import('./models/model.tsx'), 'Model'),
  validateSearch: texts('metric', 'filter', 'state', 'sort'),
})

const modelVersion = createRoute({
  getParentRoute: () => root,
  path: '/models/$model/$number',
  component: lazyRouteComponent(() => import('./models/model-version.tsx'), 'ModelVersion'),
  validateSearch: texts('tab', 'metric', 'segment'),
})

const endpoints = createRoute({
  getParentRoute: () => root,
  path: '/endpoints',
  component: lazyRouteComponent(() => import('./endpoints/endpoints.tsx'), 'Endpoints'),
})

const endpoint = createRoute({
  getParentRoute: () => root,
  path: '/endpoints/$endpoint',
  component: lazyRouteComponent(() => import('./endpoints/endpoint.tsx'), 'Endpoint'),
  validateSearch: texts('key'),
})

const prediction = createRoute({
  getParentRoute: () => root,
  path: '/predictions/$id',
  component: lazyRouteComponent(() => import('./predictions/prediction.tsx'), 'Prediction'),
})

const monitors = createRoute({
  getParentRoute: () => root,
  path: '/monitors',
  component: lazyRouteComponent(() => import('./monitors/monitors.tsx'), 'Monitors'),
})

const monitor = createRoute({
  getParentRoute: () => root,
  path: '/monitors/$monitor',
  component: lazyRouteComponent(() => import('./monitors/monitor.tsx'), 'Monitor'),
  validateSearch: (given: Record<string, unknown>) => ({
    ...texts('figure', 'order', 'sort')(given),
    ...numbers('period', 'from', 'to')(given),
  }),
})

const delivery = createRoute({
  getParentRoute: () => root,
  path: '/delivery',
  // Read when it is asked for: the first page stays small.
  component: lazyRouteComponent(() => import('./delivery/delivery.tsx'), 'Delivery'),
})

export interface RunsSearch {
  /** Words and terms such as `auc>0.7`; all must hold. */
  q?: string | undefined
  pipeline?: string | undefined
  state?: string | undefined
  sort?: string | undefined
  /** Metrics with a column, separated by commas. */
  metrics?: string | undefined
  /** Ids of chosen runs, separated by commas. */
  pick?: string | undefined
  /** Ids of the runs that are compared, the first with each other one. */
  compare?: string | undefined
}

const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  component: lazyRouteComponent(() => import('./runs/runs.tsx'), 'Runs'),
  validateSearch: (given: Record<string, unknown>): RunsSearch => ({
    q: text(given.q),
    pipeline: text(given.pipeline),
    state: text(given.state),
    sort: text(given.sort),
    metrics: text(given.metrics),
    pick: text(given.pick),
    compare: text(given.compare),
  }),
})

export interface RunSearch {
  step?: string | undefined
  /** Of a fan-out. */
  element?: number | undefined
  view?: 'timeline' | undefined
  part?: string | undefined
}

const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$run',
  component: lazyRouteComponent(() => import('./runs/run.tsx'), 'Run'),
  validateSearch: (given: Record<string, unknown>): RunSearch => ({
    step: text(given.step),
    element: typeof given.element === 'number' ? given.element : undefined,
    view: given.view === 'timeline' ? 'timeline' : undefined,
    part: text(given.part),
  }),
})

/** As it comes: the screens of experiments, which are read when they are asked for, take from it what they know. */
const asGiven = (given: Record<string, unknown>): Record<string, unknown> => given

const experiments = createRoute({
  getParentRoute: () => root,
  path: '/experiments',
  component: lazyRouteComponent(() => import('./experiments/experiments.tsx'), 'Experiments'),
  validateSearch: asGiven,
})

const trackedRuns = createRoute({
  getParentRoute: () => root,
  path: '/experiments/$experiments',
  component: lazyRouteComponent(() => import('./experiments/tracked-runs.tsx'), 'TrackedRuns'),
  validateSearch: asGiven,
})

const trackedRun = createRoute({
  getParentRoute: () => root,
  path: '/experiments/run/$run',
  component: lazyRouteComponent(() => import('./experiments/tracked-run.tsx'), 'TrackedRun'),
  validateSearch: asGiven,
})

const pipelines = createRoute({
  getParentRoute: () => root,
  path: '/pipelines',
  component: lazyRouteComponent(() => import('./pipelines/pipelines.tsx'), 'Pipelines'),
})

export interface PipelineSearch {
  step?: string | undefined
  /** Whose states the graph shows; the newest without it. */
  run?: string | undefined
  trigger?: string | undefined
}

const pipeline = createRoute({
  getParentRoute: () => root,
  path: '/pipelines/$pipeline',
  component: lazyRouteComponent(() => import('./pipelines/pipeline.tsx'), 'Pipeline'),
  validateSearch: (given: Record<string, unknown>): PipelineSearch => ({
    step: text(given.step),
    run: text(given.run),
    trigger: text(given.trigger),
  }),
})

const levels = ['info', 'good', 'warning', 'bad'] as const

const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  component: lazyRouteComponent(() => import('./events/events.tsx'), 'Events'),
  validateSearch: (
    given: Record<string, unknown>,
  ): EventFilter & { event?: string | undefined; tab?: 'webhooks' | undefined } => ({
    stage: text(given.stage),
    level: levels.find((level) => level === given.level),
    type: text(given.type),
    subject: text(given.subject),
    actor: text(given.actor),
    text: text(given.text),
    event: typeof given.event === 'number' ? String(given.event) : text(given.event),
    tab: given.tab === 'webhooks' ? 'webhooks' : undefined,
  }),
})

const data = createRoute({
  getParentRoute: () => root,
  path: '/data',
  component: lazyRouteComponent(() => import('./data/data.tsx'), 'Data'),
})

const dataset = createRoute({
  getParentRoute: () => root,
  path: '/data/$dataset',
  component: lazyRouteComponent(() => import('./data/dataset.tsx'), 'Dataset'),
  validateSearch: datasetSearch,
})

const features = createRoute({
  getParentRoute: () => root,
  path: '/features',
  component: lazyRouteComponent(() => import('./features/features.tsx'), 'Features'),
})

const featureView = createRoute({
  getParentRoute: () => root,
  path: '/features/$view',
  component: lazyRouteComponent(() => import('./features/feature-view.tsx'), 'FeatureView'),
  validateSearch: viewSearch,
})

const project = createRoute({
  getParentRoute: () => root,
  path: '/project',
  component: lazyRouteComponent(() => import('./project/project.tsx'), 'Project'),
  validateSearch: projectSearch,
})

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    pipelines,
    pipeline,
    runs,
    run,
    experiments,
    trackedRuns,
    trackedRun,
    data,
    dataset,
    features,
    featureView,
    models,
    model,
    modelVersion,
    endpoints,
    endpoint,
    prediction,
    delivery,
    monitors,
    monitor,
    events,
    project,
  ]),
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
