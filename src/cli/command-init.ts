import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { seededRandom } from '../base/random.ts'
import { ciFiles, ciServers } from './ci-templates.ts'
import { bold, dim } from './output.ts'

const templates = new URL('../../templates/project/', import.meta.url)
/** Kept under another name in the package: npm leaves out files with these names, or renames them. */
const renamed: Record<string, string> = { 'npmrc.txt': '.npmrc', 'gitignore.txt': '.gitignore' }

/** Orders of a small shop, half a year, made by a rule with chance in it: something to learn, and nothing to download. */
function sampleOrders(): string {
  const random = seededRandom(7)
  const shops = ['north', 'south', 'harbour', 'station']
  const kinds = ['book', 'shoe', 'lamp']
  const lines = ['order_id,ordered_at,shop,kind,price,returned']
  const start = Date.UTC(2025, 0, 1)
  for (let order = 0; order < 6000; order += 1) {
    const at = new Date(start + order * 2_600_000 + Math.floor(random() * 600_000))
    const shop = shops[Math.floor(random() * shops.length)]!
    const kind = kinds[Math.floor(random() * kinds.length)]!
    const price = Math.round((5 + random() * 95) * 100) / 100
    const weekend = at.getUTCDay() % 6 === 0
    const chance =
      0.08 +
      (kind === 'shoe' ? 0.25 : 0) +
      (weekend ? 0.08 : 0) +
      (price > 70 ? 0.12 : 0) +
      (shop === 'harbour' ? 0.06 : 0)
    lines.push(
      [`o${order}`, at.toISOString().slice(0, 19).replace('T', ' '), shop, kind, price, random() < chance ? 1 : 0].join(
        ',',
      ),
    )
  }
  return `${lines.join('\n')}\n`
}

export function initCommand(program: Command): void {
  program
    .command('init')
    .description('write a new project into this folder: data, a model, an endpoint, monitors, ready to run')
    .argument('[folder]', 'where', '.')
    .option('--no-install', 'do not run npm install')
    .option(
      '--ci <server>',
      `have ${ciServers.join(' or ')} run \`millwright ci\`; without it, what the git remotes lead to`,
    )
    .action((folder: string, options: { install: boolean; ci?: string }) => {
      const root = resolve(folder)
      mkdirSync(join(root, 'data'), { recursive: true })
      const written: string[] = []
      const write = (name: string, text: string): void => {
        // What is there is somebody's work.
        if (existsSync(join(root, name))) {
          console.log(dim(`${name} is there already and stays as it is`))
          return
        }
        mkdirSync(dirname(join(root, name)), { recursive: true })
        writeFileSync(join(root, name), text)
        written.push(name)
      }
      for (const name of readdirSync(templates)) {
        if (name === 'package.json') continue
        write(renamed[name] ?? name, readFileSync(new URL(name, templates), 'utf8'))
      }
      write('data/orders.csv', sampleOrders())
      for (const [name, text] of ciFiles(root, options.ci)) write(name, text)
      completePackage(root)
      console.log(`Wrote ${written.join(', ')}.`)
      if (options.install) {
        console.log('Installing what the project needs …')
        const { status } = spawnSync('npm', ['install', '--no-fund', '--no-audit'], {
          cwd: root,
          stdio: ['ignore', 'ignore', 'inherit'],
        })
        if (status !== 0) throw new Error('npm install failed; run it again in the project')
      }
      console.log(
        `\nNext:\n  ${bold('npx millwright up')}                  everything on this machine; screens on http://127.0.0.1:4300\n  ${bold('npx millwright ingest orders')}       in another terminal: take the data in\n  ${bold('npx millwright run train-returns')}   train, test, gate, register, roll out`,
      )
    })
}

/** The project's package.json: what is there stays, what the project needs is added. */
function completePackage(root: string): void {
  const path = join(root, 'package.json')
  const template = JSON.parse(readFileSync(new URL('package.json', templates), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  const own = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>)
    : {
        name:
          basename(root)
            .toLowerCase()
            .replace(/[^a-z0-9-]+/g, '-') || 'project',
        private: true,
      }
  const dependencies = { ...template.dependencies, ...(own.dependencies as Record<string, string> | undefined) }
  const millwright = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  dependencies.millwright ??= `^${millwright.version}`
  writeFileSync(path, `${JSON.stringify({ ...own, type: 'module', dependencies }, null, 2)}\n`)
}
