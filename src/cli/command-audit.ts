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
}
