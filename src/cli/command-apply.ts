import type { Command } from 'commander'
import type { Change } from '../contract/routes/project.ts'
import { findProject, loadProject } from '../sdk/project-file.ts'
import { actor, connect, defaultServer } from './connection.ts'
import { addressOf } from './environment-address.ts'
import { bold, dim, green, red, yellow } from './output.ts'

const marks = { add: green('+'), change: yellow('~'), remove: red('-') }

/** Each change on a line, with what differs. */
export function printChanges(plan: { hash: string; changes: Change[] }, done: 'planned' | 'applied'): void {
  if (plan.changes.length === 0) {
    console.log(`Nothing changes: the definition ${dim(plan.hash.slice(0, 12))} is in force.`)
    return
  }
  for (const { action, what, differences } of plan.changes) {
    console.log(`${marks[action]} ${what}`)
    for (const { path, from, to } of differences.slice(0, 8))
      console.log(dim(`    ${path}: ${short(from)} → ${short(to)}`))
    if (differences.length > 8) console.log(dim(`    and ${differences.length - 8} more`))
  }
  console.log(
    done === 'planned'
      ? `${bold(String(plan.changes.length))} changes; \`millwright apply\` makes them.`
      : `${bold(String(plan.changes.length))} changes applied; definition ${dim(plan.hash.slice(0, 12))}.`,
  )
}

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

interface Options {
  server: string
  project?: string
  environment?: string
}

export function applyCommands(program: Command): void {
  for (const name of ['plan', 'apply'] as const) {
    program
      .command(name)
      .description(name === 'plan' ? 'say what applying the project would change' : 'put the project into force')
      .option('--project <dir>', 'folder with the millwright.config.ts')
      .option('--environment <name>', 'one of the environments of the project, at the address that it states')
      .option('--server <address>', 'the control plane', defaultServer)
      .action(async (options: Options, command: Command) => {
        const { definition, projectDir } = await loadProject(options.project ?? findProject('.') ?? '.')
        const { environment } = options
        const server =
          environment === undefined || command.getOptionValueSource('server') === 'cli'
            ? options.server
            : addressOf(definition, environment)
        const client = connect({ server })
        const body = { definition, projectDir, actor: actor(), ...(environment === undefined ? {} : { environment }) }
        const plan = await client[name]({ body })
        printChanges(plan, name === 'plan' ? 'planned' : 'applied')
        for (const { message, by, event } of plan.drift)
          console.log(
            `${yellow('Drift')} ${message}${dim([by ? ` ${by}` : '', event ? `event ${event}` : ''].filter(Boolean).join(', '))}`,
          )
      })
  }
}
