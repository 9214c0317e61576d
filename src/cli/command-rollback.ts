import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import type { Client } from '../sdk/client.ts'
import { printChanges } from './command-apply.ts'
import { actor, connect, defaultServer } from './connection.ts'
import { bold, dim } from './output.ts'

interface Options {
  reason: string
  yes: boolean
  server: string
}

export function rollbackCommand(program: Command): void {
  program
    .command('rollback')
    .description(
      'return an endpoint to a version that served before; or a package, a dataset, a feature view to an earlier one',
    )
    .argument('<what>', 'name of an endpoint, or `package`, `dataset`, `feature-view`')
    .argument('[which]', 'version of the model, hash of a package, `orders@12`, name of a feature view')
    .option('--reason <text>', 'why, for the record', 'by hand')
    .option('--yes', 'do it; otherwise only say what depends on it', false)
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (what: string, which: string | undefined, options: Options) => {
      const client = connect(options)
      if (what === 'package') await rollBackPackage(client, which, options)
      else if (what === 'dataset') await rollBackDataset(client, which, options)
      else if (what === 'feature-view') await rollBackView(client, which, options)
      else await rollBackEndpoint(client, what, which, options)
    })
}

function printDepends(depends: readonly string[]): void {
  for (const each of depends) console.log(`  ${each}`)
  if (depends.length === 0) console.log(dim('  nothing depends on it'))
}

async function rollBackPackage(client: Client, hash: string | undefined, { reason, yes }: Options): Promise<void> {
  const ask = (dryRun: boolean) =>
    client.rollbackPackage({ body: { ...(hash ? { package: hash } : {}), reason, dryRun, actor: actor() } })
  const { package: id, depends, changes, missing } = await ask(true)
  console.log(`Back to package ${bold(id.slice(0, 12))}:`)
  printDepends(depends)
  for (const rule of missing) console.log(`  it ${rule}`)
  if (yes) await ask(false)
  printChanges({ hash: id, changes }, yes ? 'applied' : 'planned')
  if (!yes) console.log('`--yes` does it.')
}

async function rollBackDataset(client: Client, which: string | undefined, { reason, yes }: Options): Promise<void> {
  const [, dataset, number] = /^(.+)@(\d+)$/.exec(which ?? '') ?? []
  if (!dataset || !number)
    throw new MillwrightError('invalid-request', 'say which version to return to', { hint: 'Such as `orders@12`.' })
  const ask = (dryRun: boolean) =>
    client.rollbackDataset({ params: { dataset }, body: { version: Number(number), reason, dryRun, actor: actor() } })
  const { version, removed, restored, depends } = await ask(!yes)
  console.log(
    `${bold(version)} ${yes ? 'is' : 'would be'} what ${which} was: ${removed.batches} batches (${removed.rows.toLocaleString('en')} rows) go, ${restored.batches} come back.`,
  )
  printDepends(depends)
  if (!yes) console.log('`--yes` does it.')
}

async function rollBackView(client: Client, view: string | undefined, { reason, yes }: Options): Promise<void> {
  if (!view) throw new MillwrightError('invalid-request', 'say which feature view to return', { field: 'which' })
  const ask = (dryRun: boolean) =>
    client.rollbackFeatureView({ params: { view }, body: { reason, dryRun, actor: actor() } })
  const { to, changes, depends } = await ask(!yes)
  console.log(`${bold(view)} as it was in definition ${to.slice(0, 12)}:`)
  printDepends(depends)
  printChanges({ hash: to, changes }, yes ? 'applied' : 'planned')
  if (!yes) console.log('`--yes` does it.')
}

async function rollBackEndpoint(
  client: Client,
  endpoint: string,
  version: string | undefined,
  { reason, yes }: Options,
): Promise<void> {
  const ask = (dryRun: boolean) =>
    client.rollback({ params: { endpoint }, body: { ...(version ? { version } : {}), actor: actor(), reason, dryRun } })
  const { serving, deployment, depends } = await ask(true)
  console.log(`${endpoint} ${yes ? 'returns' : 'would return'} to ${bold(serving)}, away from ${deployment.version}:`)
  printDepends(depends)
  if (!yes) return console.log('`--yes` does it.')
  const { tookMs } = await ask(false)
  console.log(`${endpoint} is back on ${bold(serving)} after ${tookMs} ms.`)
}
