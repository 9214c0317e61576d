import { day } from '../../base/clock.ts'
import type { Event, Stage } from '../../contract/events.ts'
import type { EndpointRecord } from '../../contract/serving.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { monitorsInForce } from '../monitoring/own-monitors.ts'
import type { Projects } from './project.ts'

export interface StageState {
  stage: string
  state: 'idle' | 'working' | 'good' | 'warning' | 'bad'
  summary: string
  lastEvent: Event | null
}

const recentMs = 7 * day
const mostAside = 1000

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** The stages of the loop as they stand, each in one line. */
export async function overviewOf({
  metadata,
  projects,
  predictors,
  now,
}: {
  metadata: Metadata
  projects: Projects
  predictors: () => number
  /** Project time. */
  now: number
}): Promise<StageState[]> {
  const definition = projects.current?.definition
  const last = async (stage: Stage): Promise<Event | null> =>
    (await metadata.latestEvents({ stage, limit: 1 }))[0] ?? null
  const stage = async (name: Stage, state: StageState['state'], summary: string): Promise<StageState> => ({
    stage: name,
    state,
    summary,
    lastEvent: await last(name),
  })

  const states = await metadata.find('dataset')
  const versions = await Promise.all(
    states
      .filter((dataset) => dataset.version > 0)
      .map((dataset) => metadata.get('dataset_version', `${dataset.id}@${dataset.version}`)),
  )
  const rows = versions.reduce((sum, version) => sum + (version?.rows ?? 0), 0)
  const aside = await metadata.find('batch', {
    where: { state: ['refused', 'quarantined'] },
    orderBy: { field: 'id', direction: 'desc' },
    limit: mostAside,
  })
  // What was kept out long ago, and is known by then, asks for nothing any more.
  const asideCount = aside.filter(({ time }) => time >= now - recentMs).length
  const features = definition?.featureViews.reduce((sum, view) => sum + view.features.length, 0) ?? 0
  const running = await metadata.find('run', { where: { state: ['running', 'queued'] }, limit: 10 })
  const runs = await metadata.count('run')
  const failed =
    (await metadata.find('run', { orderBy: { field: 'queuedAt', direction: 'desc' }, limit: 1 }))[0]?.state === 'failed'
  const registered = await metadata.count('model_version', { state: 'registered' })
  const refused = await metadata.count('model_version', { state: 'refused' })
  const endpoints = await metadata.find('endpoint')
  const rolling = await metadata.count('deployment', { state: 'rolling' })
  const serving = endpoints.filter((endpoint) => endpoint.serving !== null)
  const isAnswering = predictors() > 0
  const alerts = await metadata.count('alert', { state: 'open' })
  const monitors = monitorsInForce(definition ?? null, endpoints).length
  const triggers = await metadata.find('trigger')
  const fired = triggers.reduce((sum, trigger) => sum + trigger.fired, 0)

  return Promise.all([
    stage(
      'data',
      asideCount > 0 ? 'warning' : rows > 0 ? 'good' : 'idle',
      `${counted(rows, 'row')} in ${counted(states.length, 'dataset')}${asideCount > 0 ? `, ${counted(asideCount, 'batch', 'batches')} of the last week not let in` : ''}`,
    ),
    stage(
      'features',
      features > 0 ? 'good' : 'idle',
      `${counted(features, 'feature')} in ${counted(definition?.featureViews.length ?? 0, 'view')}`,
    ),
    stage(
      'pipelines',
      running.length > 0 ? 'working' : failed ? 'bad' : runs > 0 ? 'good' : 'idle',
      running.length > 0 ? `${running[0]!.pipeline} is running` : counted(runs, 'run'),
    ),
    stage(
      'registry',
      registered > 0 ? 'good' : 'idle',
      `${counted(registered, 'version')}${refused > 0 ? `, ${refused} refused` : ''}`,
    ),
    stage('serving', servingState(serving.length, rolling, isAnswering), servingSummary(serving, rolling, isAnswering)),
    stage(
      'monitoring',
      alerts > 0 ? 'bad' : monitors > 0 ? 'good' : 'idle',
      alerts > 0 ? `${counted(alerts, 'open alert')}` : `${counted(monitors, 'monitor')}, all quiet`,
    ),
    stage(
      'lifecycle',
      'idle',
      `${counted(definition?.triggers.length ?? 0, 'trigger')}, fired ${counted(fired, 'time')}`,
    ),
  ])
}

/** What nobody answers with does not serve, whatever the records say. */
function servingState(serving: number, rolling: number, isAnswering: boolean): StageState['state'] {
  if (!isAnswering && serving + rolling > 0) return 'warning'
  if (rolling > 0) return 'working'
  return serving > 0 ? 'good' : 'idle'
}

function servingSummary(serving: readonly EndpointRecord[], rolling: number, isAnswering: boolean): string {
  const versions = serving.map((endpoint) => `${endpoint.id}: ${endpoint.serving}`).join(', ')
  const parts = [versions || 'nothing is served yet']
  if (rolling > 0) parts.push('a rollout is under way')
  if (!isAnswering) parts.push('no prediction service is connected')
  return parts.join(', ')
}
