import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import type { PackageRecord } from '../contract/package.ts'
import type { Client } from '../sdk/client.ts'
import { findProject, loadProject } from '../sdk/project-file.ts'
import { printChanges } from './command-apply.ts'
import { actor, connect, defaultServer } from './connection.ts'
import { connectTo } from './environment-address.ts'
import { ago, bold, dim, green, red, table, yellow } from './output.ts'

const server = ['--server <address>', 'the control plane', defaultServer] as const
const short = (hash: string | null): string => hash?.slice(0, 12) ?? ''

const origin = ({ provenance: { commit, branch, dirty } }: PackageRecord): string =>
  commit ? `${commit.slice(0, 8)}${dirty ? '+' : ''}${branch ? ` ${branch}` : ''}` : ''

function checked({ provenance: { checks } }: PackageRecord): string {
  const failed = checks.filter(({ outcome }) => outcome === 'failed').map(({ check }) => check)
  if (failed.length > 0) return red(`${failed.join(', ')} failed`)
  return checks.length === 0 ? yellow('none') : green(`${checks.length} checks`)
}

export function packageCommands(program: Command): void {
  program
    .command('package')
    .description('make a package of the project, without any check; `millwright ci` makes one that was checked')
    .option('--project <dir>', 'folder with the millwright.config.ts')
    .option('--out <file>', 'where to; the name of the project and the hash where nothing is said')
    .option('--key <file>', 'sign it with this key; see `millwright key create`')
    .action(async (options: { project?: string; out?: string; key?: string }) => {
      const project = await loadProject(options.project ?? findProject('.') ?? '.')
      const { packFolder } = await import('../server/pack.ts')
      const packed = await packFolder({ ...project, by: actor(), ...(options.key ? { keyFile: options.key } : {}) })
      const out = options.out ?? `${project.definition.name}-${short(packed.hash)}.zip`
      await writeFile(out, packed.bytes)
      console.log(
        `${bold(short(packed.hash))} is in ${out}: ${packed.files} files, ${(packed.bytes.byteLength / 1e3).toFixed(0)} kB${options.key ? ', signed' : ''}.`,
      )
    })

  program
    .command('key')
    .description('keys that vouch for packages')
    .command('create')
    .description(
      'make a key: the private one goes into the file, the public one is printed for `signedBy` of an environment',
    )
    .argument('<file>', 'such as release.pem')
    .action(async (file: string) => {
      const { newSigningKey } = await import('../server/pack.ts')
      const { privateKey, publicKey } = newSigningKey()
      await writeFile(file, privateKey, { flag: 'wx', mode: 0o600 })
      console.log(publicKey)
    })

  program
    .command('packages')
    .description('packages on a control plane; with a hash, one of them')
    .argument('[package]', 'hash, or the first digits of it')
    .option(...server)
    .action(async (hash: string | undefined, options: { server: string }) => {
      const client = connect(options)
      if (hash) return printPackage(client, hash)
      const { packages, inForce } = await client.packages()
      if (packages.length === 0)
        console.log('No packages yet. `millwright ci` makes one, `millwright promote` brings it.')
      else
        console.log(
          table(
            ['package', 'project', 'commit', 'checks', 'signed by', 'brought', 'by', ''],
            packages.map((each) => [
              short(each.id),
              each.name,
              origin(each),
              checked(each),
              each.signedBy?.key ?? '',
              ago(each.receivedAt),
              each.receivedBy,
              each.id === inForce ? 'in force' : '',
            ]),
          ),
        )
    })

  program
    .command('promote')
    .description('bring a package to an environment and put it into force there, or say what is missing')
    .argument('<package>', 'hash of one that --server has, or a file')
    .requiredOption('--to <environment>', 'an environment of the project')
    .option('--reason <text>', 'why, for the record', 'by hand')
    .option('--dry-run', 'only say what is missing and what would change', false)
    .option('--server <address>', 'a control plane that has the package', defaultServer)
    .action(async (what: string, options: { to: string; reason: string; dryRun: boolean; server: string }) => {
      const isFile = existsSync(what)
      const bytes = isFile ? await readFile(what) : await fileOf(connect(options), what)
      const target = await connectTo(options.to, options.server)
      const call = { query: { actor: actor() }, body: bytes }
      const { package: record, isNew } = await target.receivePackage(call)
      console.log(`${bold(short(record.id))} ${isNew ? 'is now' : 'was already'} in ${options.to}.`)
      const { reason, dryRun } = options
      const deploy = (dry: boolean) =>
        target.deployPackage({ params: { package: record.id }, body: { dryRun: dry, reason, actor: actor() } })
      const plan = await deploy(true)
      if (plan.missing.length > 0) {
        console.log(`It is not put into force:\n${plan.missing.map((each) => `  ${red('✗')} it ${each}`).join('\n')}`)
        process.exitCode = 1
        return
      }
      for (const each of plan.depends) console.log(dim(`  ${each}`))
      const { deployed } = dryRun ? { deployed: false } : await deploy(false)
      printChanges({ hash: record.definitionHash, changes: plan.changes }, dryRun ? 'planned' : 'applied')
      if (!dryRun)
        console.log(deployed ? `${green('In force')} in ${options.to}.` : `It was in force in ${options.to} already.`)
    })

  program
    .command('approve')
    .description('agree to the deployment of a package in an environment')
    .argument('<package>', 'hash, or the first digits of it')
    .option('--environment <name>', 'where; without it, at --server')
    .option('--note <text>', 'for the record', '')
    .option(...server)
    .action(async (hash: string, options: { environment?: string; note: string; server: string }) => {
      const client = options.environment ? await connectTo(options.environment, options.server) : connect(options)
      const approval = await client.approvePackage({ params: { package: hash }, body: { note: options.note } })
      console.log(`${green('Approved')}: ${bold(short(approval.package))} by ${approval.by} (${approval.role}).`)
    })

  program
    .command('environments')
    .description('packages as rows, environments as columns: what runs where, and what waits for what')
    .option(...server)
    .action(async (options: { server: string }) => {
      const { environments, packages, drift } = await connect(options).delivery()
      const cell = (environment: (typeof environments)[number], id: string): string => {
        if (environment.unreachable !== null) return '?'
        const known = environment.packages[id]
        if (!known) return ''
        const runs = Object.entries(known.green).map(([pipeline, count]) => `${pipeline} ${count}✓`)
        const approvals = known.approvals.length > 0 ? [`approved by ${known.approvals.join(', ')}`] : []
        return [environment.inForce === id ? 'in force' : 'is here', ...runs, ...approvals].join(', ')
      }
      console.log(
        table(
          [
            'package',
            'commit',
            ...environments.map(({ environment, here }) => (here ? `${environment} (here)` : environment)),
          ],
          packages.map(({ package: each }) => [
            short(each.id),
            origin(each),
            ...environments.map((environment) => cell(environment, each.id)),
          ]),
        ),
      )
      for (const { environment, unreachable } of environments)
        if (unreachable !== null) console.log(yellow(`${environment} does not answer: ${unreachable}`))
      for (const { package: each, missing } of packages)
        for (const rule of missing) console.log(`${short(each.id)} ${rule}`)
      for (const { message, by } of drift) console.log(`${yellow('Drift')} ${message}${by ? dim(` (${by})`) : ''}`)
    })
}

async function printPackage(client: Client, hash: string): Promise<void> {
  const { package: found, manifest, approvals, history } = await client.package({ params: { package: hash } })
  console.log(`${bold(found.id)} ${found.name} ${origin(found)}`)
  console.log(
    dim(
      `definition ${short(found.definitionHash)}, built by ${manifest.provenance.builder.by} with Millwright ${manifest.millwright}`,
    ),
  )
  for (const { check, outcome, summary } of manifest.provenance.checks)
    console.log(
      `  ${outcome === 'passed' ? green('✓') : outcome === 'failed' ? red('✗') : dim('–')} ${check} ${dim(summary)}`,
    )
  for (const { by, role, at, note } of approvals) console.log(`  approved by ${by} (${role}) ${ago(at)} ${note}`)
  for (const { kind, by, at, reason } of history)
    console.log(`  ${kind === 'deploy' ? 'put into force' : 'returned to'} by ${by} ${ago(at)}: ${reason}`)
  for (const { path, bytes } of manifest.files) console.log(dim(`  ${String(bytes).padStart(9)} ${path}`))
}

async function fileOf(client: Client, hash: string): Promise<Uint8Array> {
  const response = await client.packageFile({ params: { package: hash } }).catch((error) => {
    throw error instanceof MillwrightError && error.code === 'not-found'
      ? new MillwrightError('not-found', `there is no file and no package "${hash}"`, {
          hint: 'Name a file, or a control plane that has it with --server.',
        })
      : error
  })
  return new Uint8Array(await response.arrayBuffer())
}
