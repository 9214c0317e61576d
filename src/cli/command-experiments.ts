import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import { folderPath } from '../contract/search/experiment-folders.ts'
import type { Client } from '../sdk/client.ts'
import { actor, connect, defaultServer, inWordsOf } from './connection.ts'
import { ago, bold, dim, table } from './output.ts'

const server = ['--server <address>', 'the control plane', defaultServer] as const

/** An experiment of that name or id, else a folder. */
async function named(client: Client, what: string): Promise<{ experiments: string[] } | { folder: string }> {
  if (what.endsWith('/')) return { folder: folderPath(what) }
  if (/^\d+$/.test(what)) {
    const { experiments } = await client.experiments({ query: { ids: what } })
    if (experiments.some(({ isDeleted }) => !isDeleted)) return { experiments: [what] }
  }
  for (let before: string | undefined; ; ) {
    const asked = { text: what, ...(before === undefined ? {} : { before }) }
    const { experiments, isWhole } = await client.experiments({ query: asked })
    const found = experiments.find(({ name }) => name === what)
    if (found) return { experiments: [found.id] }
    if (isWhole) return { folder: what }
    before = experiments.at(-1)!.id
  }
}

export function experimentCommands(program: Command): void {
  const experiments = program
    .command('experiments')
    .description('experiments of scripts, in the folders that their names make')
  experiments
    .command('list')
    .description('what lies in a folder')
    .argument('[folder]', 'team/churn; without one, what lies in none', '')
    .option(...server)
    .action(async (folder: string, options: { server: string }) => {
      const client = connect(options)
      const rows: string[][] = []
      for (let after: string | undefined; ; ) {
        const page = await client.experimentFolder({ query: { folder, ...(after === undefined ? {} : { after }) } })
        for (const { name, experiments, runs } of page.folders)
          rows.push([
            `${name}/`,
            '',
            String(runs),
            '',
            `${experiments} experiment${experiments === 1 ? '' : 's'} below`,
          ])
        for (const { id, name, runs, running, lastAt } of page.experiments)
          rows.push([
            page.folder === '' ? name : name.slice(page.folder.length + 1),
            id,
            String(runs),
            running === 0 ? '' : String(running),
            lastAt === null ? '' : ago(lastAt),
          ])
        if (page.next === null) break
        after = page.next
      }
      if (rows.length === 0 && folder !== '')
        throw new MillwrightError('not-found', `there is no folder "${folder}" of experiments`, {
          field: 'folder',
          hint: '`millwright experiments list` says what there is.',
        })
      if (rows.length === 0) console.log('No experiments.')
      else console.log(table(['name', 'id', 'runs', 'running', 'last activity'], rows))
    })

  experiments
    .command('move')
    .description('give an experiment, or all in a folder, a name in another folder: all of them, or none')
    .argument('<from>', 'name or id of an experiment, or a folder')
    .argument('<to>', 'the new name; with / behind it, the folder to come into (/ alone: into none)')
    .option('--dry-run', 'only say what would be called what', false)
    .option(...server)
    .action(async (from: string, to: string, options: { dryRun: boolean; server: string }) => {
      const client = connect(options)
      const target = to.endsWith('/') ? { into: folderPath(to) } : { as: to }
      const body = { ...(await named(client, from)), ...target, dryRun: options.dryRun, actor: actor() }
      const { moved, names } = await inWordsOf(client.moveExperiments({ body }), {
        folder: '<from>',
        experiments: '<from>',
        into: '<to>',
        as: '<to>',
        name: '<to>',
      })
      for (const { from: before, to: after } of names) console.log(`${dim(before)} → ${bold(after)}`)
      if (moved > names.length) console.log(dim(`and ${moved - names.length} more`))
      const count = `${moved} experiment${moved === 1 ? '' : 's'}`
      console.log(options.dryRun ? `${count} would get another name.` : `${count} got another name.`)
    })
}
