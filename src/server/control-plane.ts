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
import { Deployments } from '../domain/serving/deployments.ts'
import { PredictorSessions } from '../domain/serving/predictor-sessions.ts'
import type { ModelRunner } from '../ports/model-runner.ts'
import { DataStage } from './data-stage.ts'
import { EntityBlobs } from './entity-blobs.ts'
import { type Home, takeHome } from './home.ts'
import { moduleUrl } from './module-url.ts'
import { askEvidence } from './other-environments.ts'
import { installModules, loadDefinition } from './package-project.ts'
import { Preflight } from './preflight.ts'
import { Principals } from './principals.ts'
import { ProjectClock } from './project-clock.ts'
import { ServingPlans } from './serving-plans.ts'
import { turns } from './turns.ts'
import { millwrightVersion } from './version.ts'

export interface ControlPlaneOptions {
  home: string
  /** Which environment of the definition it is; without it, the one that the home was. */
  environment?: string
  /** DuckDB's share of memory, in MB. */
  tableMemoryMb?: number
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
  readonly monitors: Monitors
  readonly loop: Loop
  readonly startedAt: number
  /** Works in the project's folder, or in the home before there is a project. */
  engine(): PipelineEngine
  /** What changes the definition in force happens one after the other. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** Puts a definition into force, with everything that works by it. */
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
  const home = takeHome(options.home, options.environment)
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
  const plans = new ServingPlans(metadata, (definition, entity) => entityBlobs.of(definition, entity), sessions)
  const preflight: Preflight = new Preflight({
    metadata,
    blobs,
    sessions,
    plans,
    packages: () => packages,
    projects: () => projects,
  })
  const deployments = new Deployments(
    metadata,
    clock,
    () => plans.changed(),
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
  const posted = new PostedLabels(join(home.path, 'labels'))
  const monitors = new Monitors(data, predictions, (endpoint) => posted.of(endpoint))
  const rollouts = new RolloutWatch(metadata, clock, deployments)
  const dataStage = await DataStage.open(data, home.path, {
    features: () => sessions.announce(),
    references: () => plans.changed(),
  })
  await projects.restore()

  // Steps run in processes of their own, which find the home by this.
  process.env.MILLWRIGHT_HOME = home.path
  let running: { engine: PipelineEngine; runner: LocalProcessRunner; projectDir: string; cores: number | null } | null =
    null

  const engine = (): PipelineEngine => {
    if (!running) throw new MillwrightError('unavailable', 'the control plane is starting')
    return running.engine
  }
  const triggers = new Triggers(metadata, clock, projects, ({ pipeline, startedBy, reason }) =>
    engine().start({
      pipeline: projects.part('pipelines', pipeline),
      definitionHash: projects.applied.id,
      startedBy,
      reason,
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

  const plane: ControlPlane = {
    home,
    clock,
    data,
    projects,
    packages,
    environment,
    principals,
    repository: null,
    packageDeployments,
    inTurn: turns(),
    apply: async (definition, request) => {
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
    startedAt: Date.now(),
    posted,
    dataStage,
    rollouts,
    monitors,
    loop,
    engine,
    adoptProject: async () => {
      if (projects.current) await dataStage.adopt(projects.current.definition)
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
        stepEnvironment: () => environment.forSteps(),
      })
      running = { engine, runner, projectDir, cores }
      await engine.recover()
    },
    close: async () => {
      if (running) await closeEngine(running)
      await dataStage.close()
      await tables.close()
      await metadata.close()
      home.release()
    },
  }
  await plane.adoptProject()
  return plane
}

async function closeEngine({ engine, runner }: { engine: PipelineEngine; runner: LocalProcessRunner }): Promise<void> {
  await engine.close()
  await runner.close()
}
