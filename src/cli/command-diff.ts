import type { Command } from 'commander'
import type { Diff } from '../contract/diff.ts'
import { connect, defaultServer } from './connection.ts'
import { bold, dim, green, red, table, yellow } from './output.ts'

const marks = { add: green('+'), change: yellow('~'), remove: red('-') }
const text = (value: unknown): string =>
  value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
const figure = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(5))))

export function diffCommand(program: Command): void {
  program
    .command('diff')
    .description('how two runs, packages, definitions or environments differ: each by its id, its hash or its name')
    .argument('<a>')
    .argument('<b>')
    .option('--json', 'everything, as JSON', false)
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (a: string, b: string, options: { json: boolean; server: string }) => {
      const diff = await connect(options).diff({ query: { a, b } })
      if (options.json) console.log(JSON.stringify(diff, null, 1))
      else print(diff)
    })
}

function print(diff: Diff): void {
  console.log(`${diff.a.kind} ${bold(diff.a.id)} → ${diff.b.kind} ${bold(diff.b.id)}`)
  if (diff.equal) console.log(green(`No difference in ${diff.compared.join(', ')}.`))
  const part = (name: string, lines: string[]): void => {
    if (lines.length > 0)
      console.log(`\n${bold(name)}\n${lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`).join('\n')}`)
  }
  const values = (list: Diff['parameters']) =>
    list.map(({ path, from, to }) => `${path}  ${red(text(from))} → ${green(text(to))}`)
  part('parameters', values(diff.parameters))
  part('settings', values(diff.settings))
  part('environment', values(diff.environment))
  part(
    'definition',
    diff.definition.flatMap(({ action, what, differences }) => [
      `${marks[action]} ${what}`,
      ...values(differences).map((line) => `    ${line}`),
    ]),
  )
  part(
    'code',
    diff.code.map(({ path, action, linesAdded, linesRemoved }) => {
      const lines = linesAdded === null ? '' : dim(`+${linesAdded} -${linesRemoved}`)
      return `${marks[action]} ${path} ${lines}`
    }),
  )
  part(
    'packages',
    diff.packages.map(({ name, from, to }) => `${name}  ${from ?? dim('none')} → ${to ?? dim('none')}`),
  )
  part(
    'data',
    diff.data.flatMap(({ dataset, from, to, batchesAdded, batchesRemoved, rows, columns }) => [
      `${dataset}@${from ?? 'none'} → @${to ?? 'none'}  ${dim(`${batchesAdded} batches added, ${batchesRemoved} removed, ${rows} rows`)}`,
      ...columns.map(
        ({ column, statistic, from, to }) => `    ${column} ${statistic}  ${figure(from)} → ${figure(to)}`,
      ),
    ]),
  )
  if (diff.metrics.length > 0)
    part('metrics', [
      table(
        ['metric', 'from', 'to', 'difference', '95 %'],
        diff.metrics.map(({ metric, from, to, difference, low, high }) => [
          metric,
          figure(from),
          figure(to),
          figure(difference),
          low === null ? '' : `${figure(low)} to ${figure(high)}`,
        ]),
      ),
    ])
  part(
    'artifacts',
    diff.artifacts.map(({ step, artifact, from, to }) => {
      const shown = (thing: typeof from): string =>
        thing ? `${thing.hash.slice(0, 12)} (${thing.size} bytes)` : dim('none')
      return `${step}/${artifact}  ${shown(from)} → ${shown(to)}`
    }),
  )
}
