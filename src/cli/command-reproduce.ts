import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ReproductionReport, StepComparison } from '../contract/reproduction.ts'
import { actor, connect, defaultServer } from './connection.ts'
import { bold, dim, green, red } from './output.ts'

interface Options {
  server: string
  keep: boolean
  json?: string
  timeout: number
}

const marks = {
  identical: green('✓'),
  different: red('✗'),
  'as-recorded': dim('–'),
  'not-made': dim('–'),
} as const satisfies Record<StepComparison['verdict'], string>

export function reproduceCommand(program: Command): void {
  program
    .command('reproduce')
    .description(
      'make a run again in isolation, and say whether every artifact is the same, or what made the first one differ',
    )
    .argument('<run>')
    .option('--server <address>', 'the control plane that has the run', defaultServer)
    .option('--keep', 'leave what was made where it is', false)
    .option('--json <file>', 'write the report')
    .option('--timeout <seconds>', 'for all of it', Number, 1800)
    .action(async (run: string, options: Options) => {
      const { reproduce } = await import('../server/reproduce/main.ts')
      const { report, home } = await reproduce(connect(options), run, {
        by: actor(),
        keep: options.keep,
        timeoutMs: options.timeout * 1000,
        onNote: (text) => console.error(dim(`… ${text}`)),
      })
      if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 1)}\n`)
      print(report)
      if (home) console.log(dim(`kept in ${home}`))
      process.exitCode = report.verdict === 'identical' ? 0 : 1
    })
}

/** Nothing where it went as a step should. */
function endOf(
  verdict: StepComparison['verdict'],
  then: StepComparison['endedThen'],
  now: StepComparison['endedNow'],
): string {
  if (verdict === 'not-made') return `was not run${then === null ? '' : ` (${then})`}`
  const usual = (state: StepComparison['endedThen']): boolean => state === 'succeeded' || state === 'reused'
  return usual(then) && usual(now) ? '' : `${then} then, ${now ?? 'not run'} now`
}

function print({ steps, message, verdict, seconds }: ReproductionReport): void {
  for (const { step, verdict, endedThen, endedNow, artifacts } of steps) {
    const why = verdict === 'as-recorded' ? 'changes the world: not run' : endOf(verdict, endedThen, endedNow)
    console.log(`${marks[verdict]} ${bold(step)} ${dim(why)}`)
    for (const { name, index, element, recorded, again } of artifacts) {
      const of = index === null ? '' : ` [${index}] ${JSON.stringify(element)}`
      const same = recorded === again
      const hashes = same
        ? recorded?.slice(0, 16)
        : `${recorded?.slice(0, 16) ?? 'none'} → ${again?.slice(0, 16) ?? 'none'}`
      console.log(`  ${same ? green('=') : red('≠')} ${name}${dim(of)}  ${dim(hashes ?? '')}`)
    }
  }
  const paint = verdict === 'identical' ? green : red
  console.log(`\n${paint(bold(message))} ${dim(`(${seconds.toFixed(0)} s)`)}`)
}
