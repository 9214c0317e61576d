import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import { actor, connect, defaultServer, inWordsOf } from './connection.ts'
import { dim } from './output.ts'

const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const

/** `30d`, `2d8h`, `90m`, as milliseconds. @throws `invalid-request` */
function durationOf(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([dhms])/g)]
  if (text === '' || parts.map(([part]) => part).join('') !== text)
    throw new MillwrightError('invalid-request', `"${text.slice(0, 100)}" is no length of time`, {
      field: '--deleted-for',
      hint: 'Write days, hours, minutes and seconds: 30d, 12h, 2d8h30m.',
    })
  return Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0))
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

interface Options {
  yes: boolean
  deletedFor: string
  run: string[]
  loggedModel: string[]
  experiment: string[]
  server: string
}

export function gcCommand(program: Command): void {
  program
    .command('gc')
    .description(
      'remove what was deleted long enough ago, what is past its retention and what nothing refers to; only says so unless --yes is given',
    )
    .option('--yes', 'do it', false)
    .option('--deleted-for <time>', 'how long ago runs, logged models and experiments of scripts were deleted', '30d')
    .option('--run <ids...>', 'these deleted runs alone, at once', [])
    .option('--logged-model <ids...>', 'these deleted logged models alone, at once', [])
    .option('--experiment <ids...>', 'these deleted experiments alone, at once, with their runs and logged models', [])
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (options: Options) => {
      const asked = connect(options).collectGarbage({
        body: {
          dryRun: !options.yes,
          deletedForMs: durationOf(options.deletedFor),
          trackedRuns: options.run,
          loggedModels: options.loggedModel,
          experiments: options.experiment,
          actor: actor(),
        },
      })
      const report = await inWordsOf(asked, {
        trackedRuns: '--run',
        loggedModels: '--logged-model',
        experiments: '--experiment',
      })
      for (const { kind, name, bytes, why } of report.items)
        console.log(`${kind} ${name} ${bytes > 0 ? `${(bytes / 1e6).toFixed(2)} MB ` : ''}${dim(why)}`)
      const { tracked, blobs, runs, predictions } = report
      const what = [
        `${counted(blobs.count, 'blob')} (${megabytes(blobs.bytes)})`,
        counted(runs.count, 'run'),
        `${counted(predictions.files, 'prediction segment')} (${megabytes(predictions.bytes)})`,
        `of scripts ${counted(tracked.runs, 'run')}, ${counted(tracked.models, 'logged model')} and ${counted(tracked.experiments, 'experiment')} with ${counted(tracked.points, 'point')}`,
      ].join(', ')
      console.log(report.dryRun ? `Would remove ${what}. The same with \`--yes\` does it.` : `Removed ${what}.`)
      if (!tracked.isDone)
        console.log('What scripts deleted is still being removed. Ask again later for the bytes of its files.')
    })
}
