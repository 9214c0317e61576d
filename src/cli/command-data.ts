import { resolve } from 'node:path'
import type { Command } from 'commander'
import { connect, defaultServer } from './connection.ts'
import { bold, green, red, table, yellow } from './output.ts'

export function dataCommands(program: Command): void {
  program
    .command('datasets')
    .description('datasets with their newest versions')
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (options: { server: string }) => {
      const { datasets } = await connect(options).datasets()
      if (datasets.length === 0)
        console.log('No datasets. State one in millwright.config.ts and run `millwright apply`.')
      else {
        const rows = datasets.map(({ definition, version, batches }) => [
          definition.name,
          version ? String(version.number) : '',
          version ? version.rows.toLocaleString('en') : '0',
          String(batches.accepted ?? 0),
          String((batches.refused ?? 0) + (batches.quarantined ?? 0)),
          definition.description ?? '',
        ])
        console.log(table(['dataset', 'version', 'rows', 'batches', 'not let in', 'description'], rows))
      }
    })

  program
    .command('ingest')
    .description('take batches into a dataset: from its own source, or from a file')
    .argument('<dataset>')
    .argument('[file]')
    .option('--from <date>', 'first partition of the source, such as 2001-01-01')
    .option('--to <date>', 'end of the partitions, exclusive')
    .option('--server <address>', 'the control plane', defaultServer)
    .action(
      async (dataset: string, file: string | undefined, options: { from?: string; to?: string; server: string }) => {
        const time = (text: string | undefined): number | undefined => {
          if (text === undefined) return undefined
          const at = Date.parse(text)
          if (Number.isNaN(at)) throw new Error(`"${text}" is no date: write 2001-01-31`)
          return at
        }
        const body = { ...(file ? { path: resolve(file) } : {}), from: time(options.from), to: time(options.to) }
        const { batches, version } = await connect(options).ingest({ params: { dataset }, body })
        for (const batch of batches) {
          const state =
            batch.state === 'accepted'
              ? green(batch.state)
              : batch.state === 'refused'
                ? red(batch.state)
                : yellow(batch.state)
          console.log(`${state} ${batch.rows.toLocaleString('en')} rows ${batch.origin}`)
          for (const anomaly of batch.anomalies)
            console.log(`  ${anomaly.severity === 'warn' ? yellow('told') : red(anomaly.severity)} ${anomaly.message}`)
        }
        console.log(`Dataset ${dataset} is at version ${bold(String(version))}.`)
        if (batches.some((batch) => batch.state !== 'accepted')) process.exitCode = 1
      },
    )
}
