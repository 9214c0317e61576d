import { existsSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { Json, StepDefinition } from '../../contract/pipeline.ts'
import type { StepInputs } from '../../contract/step.ts'
import { CodeFiles } from './code-files.ts'
import { LockedPackages } from './locked-packages.ts'
import { notebookCodeHash } from './notebook-code.ts'
import type { StageRegistry } from './stage-registry.ts'

/** Everything that a step's outcome depends on, by name: `code train.ts`, `package zod`, `parameter rate`, `input rows`, … */
export type KeyParts = Record<string, string>

/** Works out what steps depend on. */
export class StepKeys {
  private readonly code: CodeFiles
  private readonly packages: LockedPackages

  constructor(
    private readonly projectDir: string,
    private readonly stages: StageRegistry,
    private readonly millwrightVersion: string,
  ) {
    this.code = new CodeFiles(projectDir)
    this.packages = new LockedPackages(projectDir)
  }

  async parts(
    pipeline: string,
    step: StepDefinition,
    params: Record<string, Json>,
    inputs: StepInputs,
    settings: Readonly<Record<string, Json>>,
  ): Promise<KeyParts> {
    const parts: KeyParts = { definition: short(hashOf(meaning(pipeline, step))) }
    for (const [name, value] of Object.entries(params)) parts[`parameter ${name}`] = short(hashOf(value))
    // Stages of Millwright read none.
    if (step.run.kind !== 'stage' && Object.keys(settings).length > 0) parts.settings = short(hashOf(settings))
    for (const [name, input] of Object.entries(inputs)) {
      const artifacts = input.artifacts.map(({ name, hash }) => [name, hash])
      parts[`input ${name}`] = short(hashOf([input.output, artifacts]))
    }
    for (const [name, version] of Object.entries(await this.codeParts(step, params))) parts[name] = version
    return parts
  }

  /** Changes with any file that the project's configuration reaches: tells warm processes with old code from those with new. */
  async projectVersion(configPath: string): Promise<string> {
    const { files, packages } = await this.code.reachable(configPath)
    return hashOf({ files, packages: await this.packages.of(packages) })
  }

  private async codeParts(step: StepDefinition, params: Record<string, Json>): Promise<KeyParts> {
    const { run } = step
    if (run.kind === 'function') return this.reachable(run.module)
    if (run.kind === 'command') {
      const files = await this.code.declared([...run.code, ...filesAmong(run.command, this.projectDir, run.cwd)])
      const locks = run.python ? await this.code.declared([run.python.lock]) : {}
      return { ...named('code', files), ...named('python', locks) }
    }
    if (run.kind === 'notebook') {
      const own = await notebookCodeHash(resolve(this.projectDir, run.notebook), run.notebook)
      const files = await this.code.declared(run.code)
      const locks = await this.code.declared([run.python.lock])
      return { ...named('code', { ...files, [run.notebook]: own }), ...named('python', locks) }
    }
    const stage = this.stages.get(run.stage)
    if (!stage) throw unknownStage(run.stage, this.stages)
    const reads = (await stage.readsFrom?.({ params, element: null })) ?? {}
    // By content alone: where Millwright lies, seen from the project, changes nothing of what it does.
    const own =
      stage.kind === 'module'
        ? hashOf(Object.values((await this.code.reachable(fileURLToPath(stage.module))).files).sort())
        : ''
    return { Millwright: `${this.millwrightVersion} ${short(own)}`.trim(), ...reads }
  }

  private async reachable(module: string): Promise<KeyParts> {
    const { files, packages } = await this.code.reachable(module)
    return { ...named('code', files), ...named('package', await this.packages.of(packages), (version) => version) }
  }
}

/** The key of a step, or of one element of its fan-out. */
export function keyOf(parts: KeyParts, element?: { value: Json }): string {
  return hashOf(element ? { parts, element: element.value } : { parts })
}

/** The definition's node without what only says how it is run, and what is a part of the key by its value. */
function meaning(pipeline: string, step: StepDefinition): unknown {
  const {
    retries: _retries,
    timeoutMs: _timeoutMs,
    memoryMb: _memoryMb,
    reads: _reads,
    params: _params,
    ...rest
  } = step
  // A function is found by the name of its pipeline; a stage or command is the same in all of them.
  return step.run.kind === 'function' ? { pipeline, ...rest } : rest
}

/** Arguments of a command that are files of the project: `train.py` in `python train.py` needs no declaration. */
export function filesAmong(command: readonly string[], projectDir: string, cwd: string | undefined): string[] {
  const folder = resolve(projectDir, cwd ?? '.')
  return command
    .map((argument) => (isAbsolute(argument) ? argument : join(folder, argument)))
    .filter((path) => path.startsWith(`${projectDir}${sep}`) && existsSync(path) && statSync(path).isFile())
}

function named(prefix: string, values: Record<string, string>, as = short): KeyParts {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix} ${name}`, as(value)]))
}

/** 64 bits tell two versions of one thing apart, and a record with fifty files stays small. */
function short(hash: string): string {
  return hash.slice(0, 16)
}

export function unknownStage(name: string, stages: StageRegistry): MillwrightError {
  return new MillwrightError('invalid-definition', `There is no stage '${name}'.`, {
    hint: `The stages are ${[...stages.keys()].join(', ')}.`,
  })
}
