import type { Command } from 'commander'
import { connect, defaultServer } from './connection.ts'
import { dim, green, red } from './output.ts'

export function auditCommands(program: Command): void {
  const audit = program.command('audit').description('the event log: who changed what, when')
  audit
    .command('verify')
    .description('read the whole chain of events and find the first that was changed, dropped or inserted')
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (options: { server: string }) => {
      const { events, head, broken, witnesses } = await connect(options).verifyEvents()
      if (broken)
        console.log(`${red('Broken')} at event ${broken.seq}: ${broken.why}. The ${events} events before it are whole.`)
      else console.log(`${green('Whole')}: ${events} events, head ${head.hash.slice(0, 16)}.`)
      for (const witness of witnesses) {
        console.log(
          witness.agrees
            ? dim(`${witness.predictor} saw event ${witness.seq} as it is now.`)
            : `${red('Rewritten')}: ${witness.predictor} saw another event ${witness.seq}.`,
        )
      }
      if (broken || witnesses.some((witness) => !witness.agrees)) process.exitCode = 1
    })
  audit
    .command('log')
    .description('the newest events')
    .option('--limit <number>', 'how many', Number, 30)
    .option('--stage <stage>', 'of one stage of the loop')
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (options: { limit: number; stage?: string; server: string }) => {
      const { events } = await connect(options).events({ query: { limit: options.limit, stage: options.stage } })
      for (const event of events.reverse()) {
        console.log(
          `${dim(String(event.seq).padStart(6))} ${new Date(event.time).toISOString().slice(0, 16).replace('T', ' ')} ${event.type.padEnd(26)} ${event.message} ${dim(event.actor)}`,
        )
      }
    })

  program
    .command('gc')
    .description('remove what nothing refers to and what is past its retention; only says so unless --yes is given')
    .option('--yes', 'do it', false)
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (options: { yes: boolean; server: string }) => {
      const report = await connect(options).collectGarbage({ body: { dryRun: !options.yes } })
      for (const { kind, name, bytes, why } of report.items)
        console.log(`${kind} ${name} ${bytes > 0 ? `${(bytes / 1e6).toFixed(2)} MB ` : ''}${dim(why)}`)
      const what = `${report.blobs.count} blobs (${(report.blobs.bytes / 1e6).toFixed(1)} MB), ${report.runs.count} runs, ${report.predictions.files} prediction segments (${(report.predictions.bytes / 1e6).toFixed(1)} MB)`
      console.log(report.dryRun ? `Would remove ${what}. \`millwright gc --yes\` does it.` : `Removed ${what}.`)
    })
}
