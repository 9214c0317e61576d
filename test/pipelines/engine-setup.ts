import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openFilesystemBlobs } from '../../src/backends/filesystem/blobs.ts'
import { LocalProcessRunner } from '../../src/backends/local-process/local-process-runner.ts'
import { openSqlMetadata } from '../../src/backends/sql/metadata.ts'
import { openSqlite } from '../../src/backends/sqlite/dialect.ts'
import { LiveClock } from '../../src/base/clock.ts'
import { type PipelineDefinition, pipelineSchema } from '../../src/contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../src/contract/run.ts'
import { type EngineOptions, PipelineEngine, type StartRequest } from '../../src/domain/pipelines/engine.ts'
import { describeEnvironment } from '../../src/domain/pipelines/run-source.ts'
import type { StageRegistry } from '../../src/domain/pipelines/stage-registry.ts'
import type { Metadata } from '../../src/ports/metadata.ts'

export interface EngineSetup {
  folder: string
  projectDir: string
  metadata: Metadata
  engine: PipelineEngine
  close(): Promise<void>
}

/** A folder with a project of these files, whose path has a space in it. */
export async function makeProject(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright pipelines '))
  await writeProject(folder, files)
  return folder
}

export async function writeProject(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, 'project', name)), { recursive: true })
    await writeFile(join(folder, 'project', name), text)
  }
}

/** An engine as the control plane has it: SQLite, blobs on disk, processes of this machine. */
export async function openEngine(
  folder: string,
  options: Partial<EngineOptions> & { slots?: number; graceMs?: number; stages?: StageRegistry; wiring?: string } = {},
): Promise<EngineSetup> {
  const projectDir = join(folder, 'project')
  const home = join(folder, 'home')
  await mkdir(projectDir, { recursive: true })
  const clock = new LiveClock()
  const metadata = await openSqlMetadata(openSqlite(join(home, 'metadata.db')), () => clock.now())
  const runner = new LocalProcessRunner({
    projectDir,
    slots: options.slots ?? 2,
    graceMs: options.graceMs ?? 500,
    ...(options.wiring ? { wiring: options.wiring } : {}),
  })
  const engine = new PipelineEngine({
    metadata,
    blobs: openFilesystemBlobs(join(home, 'blobs')),
    clock,
    runner,
    stages: new Map(),
    projectDir,
    home,
    describeSource: async () => ({ commit: null, dirty: null, lockfileHash: null }),
    environment: describeEnvironment('0.0.0'),
    ...options,
  })
  return {
    folder,
    projectDir,
    metadata,
    engine,
    close: async () => {
      await engine.close()
      await runner.close()
      await metadata.close()
    },
  }
}

/** Opens, hands over, closes and removes. */
export async function withEngine(
  files: Record<string, string>,
  work: (setup: EngineSetup) => Promise<void>,
  options: Parameters<typeof openEngine>[1] = {},
): Promise<void> {
  const folder = await makeProject(files)
  const setup = await openEngine(folder, options)
  try {
    await work(setup)
  } finally {
    await setup.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** A pipeline as its author would state it: everything not said has its default. */
export function pipelineOf(stated: {
  name?: string
  params?: PipelineDefinition['params']
  concurrency?: Partial<PipelineDefinition['concurrency']>
  afterCrash?: 'continue' | 'fail'
  steps: (Record<string, unknown> & { name: string })[]
}): PipelineDefinition {
  const standard = { kind: 'function', module: 'millwright.config.ts' }
  return pipelineSchema.parse({
    name: 'p',
    ...stated,
    steps: stated.steps.map((step) => ({ run: standard, ...step })),
  })
}

/** Starts a run and waits for its end. */
export async function runToEnd(
  { engine, metadata }: EngineSetup,
  pipeline: PipelineDefinition,
  more: Partial<StartRequest> = {},
): Promise<{ run: RunRecord; steps: Record<string, StepRecord> }> {
  const started = await engine.start({
    pipeline,
    definitionHash: 'test',
    startedBy: 'user:test',
    reason: 'a test',
    ...more,
  })
  const run = await engine.finished(started.id)
  return { run, steps: await stepsOf(metadata, run.id) }
}

/** Every execution of a run, under what follows the run in its id: `train`, `score/3`. */
export async function stepsOf(metadata: Metadata, runId: string): Promise<Record<string, StepRecord>> {
  const all = await metadata.find('step', { where: { runId } })
  return Object.fromEntries(all.map((step) => [step.id.slice(runId.length + 1), step]))
}

/** A module `millwright.config.ts` with these functions: body of `async (context, inputs) => …`, by `pipeline/step`. */
export function configOf(bodies: Record<string, string>, imports = ''): string {
  const entries = Object.entries(bodies).map(
    ([name, body]) => `  [${JSON.stringify(name)}, async (context, inputs) => { ${body} }],`,
  )
  return `${imports}\nexport default { functions: new Map<string, (context: any, inputs: any) => unknown>([\n${entries.join('\n')}\n]) }\n`
}
