import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { MillwrightError, messageOf } from '../base/errors.ts'
import { type CheckReport, type CiCheck, ciChecks, type Finding } from '../contract/ci.ts'
import { findProject, loadProject } from '../sdk/project-file.ts'
import { actor } from './connection.ts'
import { bold, dim, green, red, yellow } from './output.ts'

interface Options {
  project?: string
  against?: string
  only?: string
  full: boolean
  strict: boolean
  junit?: string
  sarif?: string
  markdown?: string
  json?: string
  package?: string
  key?: string
  keyName: string
  branch?: string
  data?: string
  hold?: string
  timeout: number
}

const marks = { passed: green('✓'), failed: red('✗'), skipped: dim('–') }

export function ciCommand(program: Command): void {
  program
    .command('ci')
    .description(
      'test the project as machine learning: code, data, features, training, models, serving; pack it when all is well',
    )
    .option('--project <dir>', 'folder with the millwright.config.ts')
    .option('--against <branch>', 'say what changes against that branch')
    .option('--only <checks>', `some of ${ciChecks.join(', ')}`)
    .option('--full', 'all data, and gates that bind, instead of a sample', false)
    .option('--strict', 'what nothing uses is an error', false)
    .option('--junit <file>', 'write a JUnit report')
    .option('--sarif <file>', 'write a SARIF report, for code scanning')
    .option('--markdown <file>', 'write a report for a pull request')
    .option('--json <file>', 'write everything that was found')
    .option('--package <dir>', 'where the package goes when every check passed')
    .option('--key <file>', 'Ed25519 private key to sign the package with')
    .option('--key-name <name>', 'what to call that key', 'ci')
    .option('--branch <name>', 'the branch, where git cannot say it')
    .option('--data <dir>', 'folder from which the sources are found, instead of the project')
    .option('--hold <file>', 'leave what was trained serving until the input ends; writes what was found, and where')
    .option('--timeout <seconds>', 'for all of it', Number, 900)
    .action(async (options: Options) => {
      const only = checksOf(options.only)
      const folder = resolve(options.project ?? findProject('.') ?? '.')
      const { continuousIntegration } = await import('../server/ci/main.ts')
      const loaded = await loadProject(folder).catch((error: unknown) => {
        if (error instanceof MillwrightError && error.code === 'not-found') throw error
        return { definition: null, projectDir: folder, fault: faultOf(error) }
      })
      const told = new Terminal()
      const result = await continuousIntegration({
        projectDir: loaded.projectDir,
        definition: loaded.definition,
        loadFault: 'fault' in loaded ? loaded.fault : null,
        full: options.full,
        strict: options.strict,
        only,
        against: options.against ?? null,
        dataDir: options.data ? resolve(options.data) : loaded.projectDir,
        packageDir: options.package ? resolve(options.package) : null,
        key: options.key ? { name: options.keyName, privateKey: await readFile(options.key, 'utf8') } : null,
        by: process.env.CI ? 'ci' : actor(),
        ...(options.branch ? { branch: options.branch } : {}),
        timeoutMs: options.timeout * 1000,
        onProgress: (check, report) => told.progress(check, report),
        onNote: (text) => told.note(text),
        ...(options.hold ? { hold: (held: object) => hold(options.hold!, held, told) } : {}),
      })
      told.end()
      const { report, package: packed } = result
      const write = async (path: string | undefined, text: () => string): Promise<void> => {
        if (!path) return
        await mkdir(dirname(resolve(path)), { recursive: true })
        await writeFile(path, text())
      }
      await write(options.junit, result.junit)
      await write(options.sarif, result.sarif)
      await write(options.markdown, result.markdown)
      await write(options.json, () => `${JSON.stringify(report, null, 1)}\n`)

      const failed = report.checks.filter((check) => check.outcome === 'failed')
      for (const check of failed) {
        console.log(`\n${red('✗')} ${bold(check.check)}`)
        for (const finding of check.findings.filter((each) => each.level === 'error').slice(0, 10)) print(finding, red)
      }
      const warnings = report.checks.flatMap((check) => check.findings.filter((each) => each.level === 'warning'))
      if (warnings.length > 0) console.log(`\n${yellow(`${warnings.length} told`)}`)
      for (const finding of warnings.slice(0, 20)) print(finding, yellow)
      const how = `${report.full ? 'all data' : 'a sample'}, ${report.seconds.toFixed(0)} s`
      if (failed.length > 0)
        console.log(
          `\n${red(bold(`${failed.length} of ${report.checks.length} checks failed`))} ${dim(`(${how})`)}: no package`,
        )
      else console.log(`\n${green(bold('Every check passed'))} ${dim(`(${how})`)}${packed ? `: ${packed.path}` : ''}`)
      if (packed) console.log(dim(`package ${packed.hash}`))
      process.exitCode = failed.length > 0 ? 1 : 0
    })
}

/** Writes what is held, whole or not at all, and waits for the end of the input. */
async function hold(file: string, held: object, told: Terminal): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true })
  await writeFile(`${file}.part`, JSON.stringify(held))
  await rename(`${file}.part`, file)
  told.note(`${file} says where what was trained is served, until the input ends …`)
  for await (const _ of process.stdin);
}

function checksOf(text: string | undefined): CiCheck[] | null {
  if (text === undefined) return null
  return text.split(',').map((name) => {
    const found = ciChecks.find((check) => check === name.trim())
    if (!found)
      throw new MillwrightError('invalid-request', `there is no check "${name.trim()}"`, {
        field: '--only',
        hint: `There are ${ciChecks.join(', ')}.`,
      })
    return found
  })
}

function faultOf(error: unknown): { message: string; field?: string; hint?: string } {
  const { field, hint } = error instanceof MillwrightError ? error : ({} as { field?: string; hint?: string })
  return { message: messageOf(error), ...(field ? { field } : {}), ...(hint ? { hint } : {}) }
}

function print({ message, mend, place, file, line }: Finding, paint: (text: string) => string): void {
  const at =
    file && file !== place ? `${place} ${dim(`${file}${line ? `:${line}` : ''}`)}` : `${place}${line ? `:${line}` : ''}`
  console.log(`  ${paint('at')}    ${at}\n        ${message}\n  mend  ${mend}`)
}

/** One line for each check; on a terminal, what is at work stands below until it is done. */
class Terminal {
  private readonly working = new Set<CiCheck>()

  progress(check: CiCheck, report: CheckReport | null): void {
    if (report === null) {
      this.working.add(check)
      this.show()
      return
    }
    this.working.delete(check)
    this.clear()
    const { outcome, summary, seconds } = report
    console.log(
      `${marks[outcome]} ${check.padEnd(11)} ${dim(`${seconds.toFixed(1).padStart(5)} s`)}  ${outcome === 'skipped' ? dim(`skipped: ${summary}`) : summary}`,
    )
    this.show()
  }

  note(text: string): void {
    this.clear()
    console.log(dim(text))
    this.show()
  }

  end(): void {
    this.working.clear()
    this.clear()
  }

  private clear(): void {
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[K')
  }

  private show(): void {
    if (process.stdout.isTTY && this.working.size > 0)
      process.stdout.write(`\r\u001b[K${dim(`… ${[...this.working].join(', ')}`)}`)
  }
}
