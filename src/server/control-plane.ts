import { join } from 'node:path'
import { openDuckDbTables } from '../backends/duckdb/tables.ts'
import { openFilesystemBlobs } from '../backends/filesystem/blobs.ts'
import { LocalProcessRunner } from '../backends/local-process/local-process-runner.ts'
import { OnnxruntimeModelRunner } from '../backends/onnxruntime/onnxruntime-model-runner.ts'
import { openSqlMetadata } from '../backends/sql/metadata.ts'
import { openSqlite } from '../backends/sqlite/dialect.ts'
import { MillwrightError } from '../base/errors.ts'
import type { CiRunRecord } from '../contract/ci-run.ts'
import type { Definition } from '../contract/definition.ts'
import type { ModelVersionRecord } from '../contract/model.ts'
import type { DataServices } from '../domain/data/data-services.ts'
import { EnvironmentInForce } from '../domain/delivery/environment-in-force.ts'
import { PackageDeployments } from '../domain/delivery/package-deployments.ts'
import { Packages } from '../domain/delivery/packages.ts'
import { Loop } from '../domain/lifecycle/loop.ts'
import { type ApplyRequest, type Plan, Projects } from '../domain/lifecycle/project.ts'
import { RolloutWatch } from '../domain/lifecycle/rollout-watch.ts'
import { Triggers } from '../domain/lifecycle/triggers.ts'
import { Monitors } from '../domain/monitoring/monitors.ts'
import { PostedLabels } from '../domain/monitoring/posted-labels.ts'
import { PredictionStore } from '../domain/monitoring/prediction-store.ts'
import { PipelineEngine } from '../domain/pipelines/engine.ts'
import { describeEnvironment, describeSource } from '../domain/pipelines/run-source.ts'
import type { StageRegistry } from '../domain/pipelines/stage-registry.ts'
import { ModelVersions } from '../domain/registry/model-versions.ts'
import { pythonFiles } from '../domain/registry/python-files.ts'
import { Deployments } from '../domain/serving/deployments.ts'
import { LiveTraffic } from '../domain/serving/live-traffic.ts'
import { PredictorSessions } from '../domain/serving/predictor-sessions.ts'
import { mostArtifactBytesFrom } from '../http/limits.ts'
import type { Metadata } from '../ports/metadata.ts'
import type { ModelRunner } from '../ports/model-runner.ts'
import { StorageJobs } from './backup/storage-jobs.ts'
import { DataStage } from './data-stage.ts'
import { EntityBlobs } from './entity-blobs.ts'
import { type Home, takeHome } from './home.ts'
import { WrongTokens } from './http/wrong-tokens.ts'
import { KeyedRequests } from './keyed-requests.ts'
import { moduleUrl } from './module-url.ts'
import { askEvidence } from './other-environments.ts'
import { installModules, loadDefinition } from './package-project.ts'
import { Preflight } from './preflight.ts'
import { Principals } from './principals.ts'
import { ProjectClock } from './project-clock.ts'
import { openRegistered, type Registered } from './registered.ts'
import { ScreenSessions } from './screen-sessions.ts'
import { ServingPlans } from './serving-plans.ts'
import { hidingStepTokens } from './step-tokens.ts'
import { StepTracking } from './step-tracking.ts'
import { openTracking, type Tracking } from './tracking.ts'
import { turns } from './turns.ts'
import { millwrightVersion } from './version.ts'
import { openWebhooks, type WebhookOptions, type WebhookServices } from './webhooks/open-webhooks.ts'

export interface ControlPlaneOptions {
  home: string
  /** Which environment of the definition it is; without it, the one that the home was. */
  environment?: string
  /** Folder that clients of this machine write artifacts to by themselves. */
  artifactRoot?: string
  /** Whether the home is one for tests that empty it. */
  testReset?: boolean
  /** DuckDB's share of memory, in MB. */
  tableMemoryMb?: number
  webhooks?: WebhookOptions
  /** What went wrong in the background, for the log of the process. */
  onFault?(error: unknown): void
}

/** The parts of a control plane, wired. What they do together is in `domain/lifecycle`; what they answer, in `handlers`. */
export interface ControlPlane {
  readonly home: Home
  readonly clock: ProjectClock
  readonly data: DataServices
  readonly projects: Projects
  readonly packages: Packages
  readonly packageDeployments: PackageDeployments
  readonly environment: EnvironmentInForce
  readonly principals: Principals
  readonly screenSessions: ScreenSessions
  readonly wrongTokens: WrongTokens
  readonly requests: KeyedRequests
  /** What watches a repository for it; null for nothing. */
  repository: { check(): Promise<CiRunRecord[]> } | null
  readonly registry: ModelVersions
  /** Reads model files. */
  readonly modelRunner: ModelRunner
  readonly deployments: Deployments
  readonly sessions: PredictorSessions
  readonly plans: ServingPlans
  readonly preflight: Preflight
  readonly predictions: PredictionStore
  readonly posted: PostedLabels
  readonly dataStage: DataStage
  readonly rollouts: RolloutWatch
  readonly traffic: LiveTraffic
  readonly monitors: Monitors
  readonly loop: Loop
  readonly storageJobs: StorageJobs
  readonly tracking: Tracking
  readonly registered: Registered
  readonly stepTracking: StepTracking
  /** What is sent to others of what happens here. */
  readonly outgoing: WebhookServices
  readonly startedAt: number
  /** Works in the project's folder, or in the home before there is a project. */
  engine(): PipelineEngine
  /** What changes the definition in force happens one after the other. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** Puts a definition into force, with everything that works by it. @throws `rules-unmet` for a notebook where they are refused */
  apply(definition: Definition, request: ApplyRequest): Promise<Plan>
  /** After an apply: everything works by the definition in force, and the engine in the project's folder. */
  adoptProject(): Promise<void>
  close(): Promise<void>
}

/** A prediction service that cannot follow a replay for this long holds it up no longer. */
const catchUpLimitMs = 60_000

/** Opens the home and brings everything to where it was when the last process left it. */
export async function openControlPlane(
  options: ControlPlaneOptions,
  stagesOf: (plane: ControlPlane) => StageRegistry,
): Promise<ControlPlane> {
  const home = await takeHome(options.home, options.environment, { testReset: options.testReset ?? false })
  try {
    return await wire(home, options, stagesOf)
  } catch (error) {
    home.release()
    throw error
  }
}

async function wire(
  home: Home,
  options: ControlPlaneOptions,
  stagesOf: (plane: ControlPlane) => StageRegistry,
): Promise<ControlPlane> {
  const clock = new ProjectClock()
  const metadata = await openSqlMetadata(openSqlite(home.metadata), () => clock.now())
  await clock.restore(metadata)
  const blobs = openFilesystemBlobs(home.blobs)
  const tables = openDuckDbTables({ spillFolder: join(home.work, 'spill'), memoryMb: options.tableMemoryMb ?? 512 })
  const data: DataServices = { metadata, blobs, tables, clock, workDir: home.work }
  const sessions = new PredictorSessions()
  const entityBlobs = new EntityBlobs(data)
  const filesOf = (version: ModelVersionRecord) => pythonFiles(version, metadata.files)
  const plans = new ServingPlans(
    metadata,
    { entityBlob: (definition, entity) => entityBlobs.of(definition, entity), filesOf },
    sessions,
  )
  const preflight: Preflight = new Preflight({
    metadata,
    blobs,
    sessions,
    plans,
    filesOf,
    packages: () => packages,
    projects: () => projects,
  })
  const deployments: Deployments = new Deployments(
    metadata,
    clock,
    (endpoint) => {
      rollouts.begin(endpoint, clock.now())
      plans.changed()
    },
    (endpoint, version) => preflight.require(endpoint, version),
  )
  const projects: Projects = new Projects(metadata, clock, deployments)
  const environment = new EnvironmentInForce(home.environment, () => projects.current?.definition ?? null)
  const packages: Packages = new Packages({
    metadata,
    blobs,
    clock,
    projects,
    millwright: millwrightVersion,
    folder: home.packages,
  })
  const principals = new Principals(home.path)
  const packageDeployments = new PackageDeployments({
    metadata,
    clock,
    projects,
    packages,
    environment,
    principals: () => (principals.isAsked ? (name) => principals.named(name) : null),
    askEvidence,
    install: installModules,
    load: loadDefinition,
    apply: (definition, request) => plane.apply(definition, request),
  })
  const registry = new ModelVersions(metadata, clock)
  const predictions = new PredictionStore(home.predictions)
  const stepTracking = new StepTracking(metadata)
  const posted = new PostedLabels(join(home.path, 'labels'))
  const monitors = new Monitors(data, predictions, (endpoint) => posted.of(endpoint))
  const rollouts: RolloutWatch = new RolloutWatch(metadata, clock, deployments)
  const dataStage = await DataStage.open(data, home.path, {
    features: () => sessions.announce(),
    references: () => plans.changed(),
  })
  await projects.restore()
  await rollouts.restore((from, to) => predictions.records(from, to))
  sessions.expect(await lastConnected(metadata))

  // Steps run in processes of their own, which find the home by this.
  process.env.MILLWRIGHT_HOME = home.path
  let running: { engine: PipelineEngine; runner: LocalProcessRunner; projectDir: string; cores: number | null } | null =
    null

  const engine = (): PipelineEngine => {
    if (!running) throw new MillwrightError('unavailable', 'the control plane is starting')
    return running.engine
  }
  const triggers = new Triggers(metadata, clock, projects, ({ pipeline, startedBy, reason, also }) =>
    engine().start({
      pipeline: projects.part('pipelines', pipeline),
      definitionHash: projects.applied.id,
      startedBy,
      reason,
      also,
    }),
  )
  const loop = new Loop({
    clock,
    projects,
    closeDays: (now) => dataStage.closeDays(now),
    predictorsCaughtUp: async () => {
      const { revision } = await plans.current()
      sessions.announce()
      const [now, features] = [clock.now(), dataStage.position]
      await sessions.untilAll(
        (standing) => standing.clock >= now && standing.featureSeq >= features && standing.revision === revision,
        catchUpLimitMs,
        'catch up with the replay',
      )
    },
    rollouts,
    monitors,
    triggers,
    finished: (run) => engine().finished(run),
  })

  const tracking = openTracking(data, mostArtifactBytesFrom(process.env), options.artifactRoot ?? null)
  const registered = openRegistered(data, tracking, projects)
  const plane: ControlPlane = {
    home,
    clock,
    data,
    projects,
    packages,
    environment,
    principals,
    screenSessions: new ScreenSessions(home.path, principals),
    wrongTokens: new WrongTokens(),
    requests: new KeyedRequests(metadata),
    repository: null,
    packageDeployments,
    inTurn: turns(),
    apply: async (definition, request) => {
      packageDeployments.refuseNotebooks(definition)
      await clock.follow(definition, metadata)
      const plan = await projects.apply(definition, request)
      await plane.adoptProject()
      return plan
    },
    registry,
    modelRunner: new OnnxruntimeModelRunner(),
    deployments,
    sessions,
    plans,
    preflight,
    predictions,
    storageJobs: new StorageJobs(),
    tracking,
    registered,
    stepTracking,
    outgoing: openWebhooks(metadata, home.path, { ...options.webhooks, onFault: options.onFault ?? (() => {}) }),
    startedAt: Date.now(),
    posted,
    dataStage,
    rollouts,
    traffic: new LiveTraffic(),
    monitors,
    loop,
    engine,
    adoptProject: async () => {
      if (projects.current) {
        const { definition } = projects.current
        await dataStage.adopt(definition)
        await stepTracking.show(definition.pipelines.map(({ name }) => name))
      }
      plans.changed()
      const projectDir = projects.current?.projectDir ?? home.path
      const cores = environment.resolved?.limits.cores ?? null
      if (running?.projectDir === projectDir && running.cores === cores) return
      if (running) await closeEngine(running)
      const runner = new LocalProcessRunner({
        projectDir,
        wiring: moduleUrl('./stage-wiring', import.meta.url).href,
        ...(cores === null ? {} : { slots: cores }),
      })
      const engine = new PipelineEngine({
        metadata,
        blobs,
        clock,
        runner,
        stages: stagesOf(plane),
        projectDir,
        home: home.path,
        describeSource: () => describeSource(projectDir),
        describePackage: () => packages.ofRun(),
        environment: describeEnvironment(millwrightVersion),
        stepEnvironment: () => hidingStepTokens(environment.forSteps()),
        commandEnv: stepTracking.variables,
        attemptRuns: stepTracking.runs,
      })
      running = { engine, runner, projectDir, cores }
      await engine.recover()
    },
    close: async () => {
      await plane.storageJobs.close()
      await plane.outgoing.close()
      await tracking.garbage.close()
      await registered.models.close()
      const closed = running && closeEngine(running)
      // After the engine has told its steps to end.
      stepTracking.close()
      await closed
      await dataStage.close()
      await tables.close()
      await metadata.close()
      home.release()
    },
  }
  await plane.adoptProject()
  // What the process before had begun to remove goes on being removed; nobody waits for it, and `gc` says what fails.
  tracking.garbage.sweep().catch(() => {})
  registered.models.removeHidden().catch(() => {})
  return plane
}

const mostConnections = 100

/** The prediction services of the process before: each process hears of every one once, so the newest names up to the first that comes again. */
async function lastConnected(metadata: Metadata): Promise<Set<string>> {
  const found = new Set<string>()
  for (const { subject } of await metadata.latestEvents({ type: 'predictor.connected', limit: mostConnections })) {
    const predictor = subject.slice('predictor:'.length)
    if (found.has(predictor)) break
    found.add(predictor)
  }
  return found
}

async function closeEngine({ engine, runner }: { engine: PipelineEngine; runner: LocalProcessRunner }): Promise<void> {
  await engine.close()
  await runner.close()
}
