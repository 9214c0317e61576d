import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import type { Upgraded } from '../contract/package.ts'
import { type UpgradeReach, type UpgradeReport, upgradeReaches } from '../contract/upgrade.ts'
import { findProject, loadProject } from '../sdk/project-file.ts'
import { actor, connect, defaultServer } from './connection.ts'
import { bold, dim, green, printError, red, table, yellow } from './output.ts'

interface Options {
  project?: string
  to: string
  package: string[]
  data?: string
  full: boolean
  json?: string
  markdown?: string
  out?: string
  key?: string
  write: boolean
  server: string
  timeout: number
}

const badCall = 2

export function upgradeCheckCommand(program: Command): void {
  program
    .command('upgrade-check')
    .description(
      'try newer versions of packages in a copy: all checks, metrics, predictions, load; a package when it is ready',
    )
    .option('--project <dir>', 'folder with the millwright.config.ts')
    .option('--to <reach>', 'minor: within the same major version; latest: the newest', 'minor')
    .option('--package <names...>', 'only these, as NAME or NAME@VERSION', [])
    .option('--data <dir>', 'folder from which the sources are found, instead of the project')
    .option('--full', 'all data, and gates that bind, instead of a sample', false)
    .option('--json <file>', 'write everything that was found')
    .option('--markdown <file>', 'write a report for a pull request')
    .option('--out <file>', 'where the package goes; the name of the project and the hash where nothing is said')
    .option('--key <file>', 'sign the package with this key; see `millwright key create`')
    .option('--write', 'put the new versions into the project when they are ready', false)
    .option('--server <address>', 'a control plane that keeps the report, where one answers', defaultServer)
    .option('--timeout <seconds>', 'for all of it', Number, 3600)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : badCall))
    .action(async (options: Options) => {
      const { askedPackages, upgradeCheck, upgradeMarkdown } = await import('../server/upgrade/main.ts')
      try {
        const asked = { reach: reachOf(options.to), packages: askedPackages(options.package) }
        if (!(options.timeout > 0))
          throw new MillwrightError('invalid-request', 'the time is no number of seconds', { field: '--timeout' })
        const project = await loadProject(options.project ?? findProject('.') ?? '.')
        const { report, path, written } = await upgradeCheck({
          ...project,
          asked,
          dataDir: options.data ? resolve(options.data) : project.projectDir,
          full: options.full,
          timeoutMs: options.timeout * 1000,
          by: process.env.CI ? 'ci' : actor(),
          key: options.key
            ? { name: basename(options.key, '.pem'), privateKey: await readFile(options.key, 'utf8') }
            : null,
          out: options.out ?? null,
          write: options.write,
          onNote: (text) => console.error(dim(/^[✓✗–]/.test(text) ? `  ${text}` : `… ${text}`)),
        })
        const write = async (file: string | undefined, text: string): Promise<void> => {
          if (!file) return
          await mkdir(dirname(resolve(file)), { recursive: true })
          await writeFile(file, text)
        }
        await write(options.json, `${JSON.stringify(report, null, 1)}\n`)
        await write(options.markdown, upgradeMarkdown(report))
        print(report)
        if (path) {
          console.log(`\nThe package ${bold(report.package!.slice(0, 12))} is in ${relative('.', path)}. Next:`)
          console.log(`  ${bold(`millwright promote ${relative('.', path)} --to ENVIRONMENT`)}`)
          if (written.length > 0) console.log(`Written to the project: ${written.join(', ')}.`)
          else console.log(dim('The project is as it was; --write puts the new versions into it.'))
        }
        if (report.verdict !== 'nothing-to-do') await keep(report, options.server)
        process.exitCode = report.verdict === 'not-ready' ? 1 : 0
      } catch (error) {
        printError(error)
        process.exitCode = isBadCall(error) ? badCall : 1
      }
    })
}

const isBadCall = (error: unknown): boolean =>
  (error instanceof MillwrightError && ['invalid-request', 'invalid-definition', 'not-found'].includes(error.code)) ||
  (error as NodeJS.ErrnoException).code === 'ENOENT'

function reachOf(text: string): UpgradeReach {
  const found = upgradeReaches.find((reach) => reach === text)
  if (!found)
    throw new MillwrightError('invalid-request', `"${text}" is no reach of an upgrade`, {
      field: '--to',
      hint: `There are ${upgradeReaches.join(' and ')}.`,
    })
  return found
}

/** The control plane of this project keeps the report; without one nothing is lost but the record. */
async function keep(report: UpgradeReport, server: string): Promise<void> {
  try {
    await connect({ server }).keepUpgrade({ body: { report, actor: actor() } })
    console.log(dim(`The report is kept at ${server}.`))
  } catch (error) {
    if (!(error instanceof MillwrightError)) throw error
    console.log(dim(`The report is not kept: ${error.message}.`))
  }
}

const nameOf = ({ name, from, to }: Upgraded): string => `${name} ${from} → ${to}`
const named = (upgraded: readonly Upgraded[]): string => upgraded.map(nameOf).join(', ')
const shown = (value: number): string => value.toPrecision(4)
const signed = (value: number | null): string =>
  value === null ? '?' : `${value < 0 ? '−' : '+'}${shown(Math.abs(value))}`

function print(report: UpgradeReport): void {
  const { verdict, upgraded, movedAlong, reasons, notes, models, load, memoryMb, message, seconds } = report
  const printNotes = (): void => {
    for (const note of notes) console.log(`  ${yellow('·')} ${note}`)
  }
  if (verdict === 'nothing-to-do') {
    console.log(bold('Nothing is behind.'))
    printNotes()
    return
  }
  console.log(
    table(
      ['package', 'from', 'to', 'in'],
      upgraded.map(({ name, from, to, lock }) => [name, from, to, lock]),
    ),
  )
  if (movedAlong.length > 0)
    console.log(
      dim(
        `with them: ${movedAlong.map(({ name, from, to }) => `${name} ${from ?? 'none'} → ${to ?? 'none'}`).join(', ')}`,
      ),
    )
  for (const { model, isSame, metrics } of models) {
    console.log(`\n${bold(model)}${isSame ? dim(' the same, byte for byte') : ''}`)
    if (isSame) continue
    const rows = metrics.map(({ metric, before, after, difference, low, high, isWorse }) => [
      metric,
      shown(before),
      shown(after),
      `${signed(difference)} (${signed(low)} … ${signed(high)})`,
      isWorse ? 'worse' : '',
    ])
    console.log(table(['metric', 'before', 'after', 'difference', ''], rows))
  }
  for (const { endpoint, before, after, ratio } of load)
    console.log(
      `\n${bold(endpoint)} under load: p50 ${before.p50Ms.toFixed(2)} → ${after.p50Ms.toFixed(2)} ms (×${ratio.toFixed(2)}), p99 ${before.p99Ms.toFixed(2)} → ${after.p99Ms.toFixed(2)} ms`,
    )
  if (memoryMb) console.log(`memory ${memoryMb.before.toFixed(0)} → ${memoryMb.after.toFixed(0)} MiB`)
  if (notes.length > 0) console.log('')
  printNotes()
  for (const reason of reasons) console.log(`${reason === reasons[0] ? '\n' : ''}  ${red('✗')} ${reason.message}`)
  for (const culprit of report.culprits) {
    console.log(
      `\n${red('To blame')}${culprit.upgraded.length > 1 ? ', only together' : ''}: ${bold(named(culprit.upgraded))}`,
    )
    for (const reason of culprit.reasons) console.log(`  ${red('✗')} ${reason.message}`)
  }
  if (report.readyWithout.length > 0) {
    const names = report.readyWithout.map(({ name, to }) => `--package ${name}@${to}`).join(' ')
    console.log(
      `\n${green('Ready without')}: ${named(report.readyWithout)}. Next:\n  ${bold(`millwright upgrade-check ${names}`)}`,
    )
  }
  if (report.undecided.length > 0) console.log(`\n${yellow('Not decided')}: ${named(report.undecided)}`)
  const head = verdict === 'ready' ? green(bold(message)) : red(bold('not ready'))
  console.log(`\n${head} ${dim(`(${seconds.toFixed(0)} s)`)}`)
}
