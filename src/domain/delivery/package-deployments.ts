import type { Clock } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import { newId } from '../../base/ids.ts'
import type { Definition } from '../../contract/definition.ts'
import type { ApprovalRecord, DeliveryRecord, Evidence } from '../../contract/delivery.ts'
import { isGuarded, type ResolvedEnvironment, resolveEnvironment } from '../../contract/environment.ts'
import { refuseNotebooks } from '../../contract/notebook.ts'
import type { Principal } from '../../contract/principal.ts'
import type { Change } from '../../contract/routes/project.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import type { ApplyRequest, Projects } from '../lifecycle/project.ts'
import { dependents } from './dependents.ts'
import type { EnvironmentInForce } from './environment-in-force.ts'
import type { ReadPackage } from './package-file.ts'
import type { Packages } from './packages.ts'
import { notebookRule, unmetRules } from './rules.ts'
import { projectWithin, unpack } from './unpacked.ts'

interface DeploymentServices {
  metadata: Metadata
  clock: Clock
  projects: Projects
  packages: Packages
  environment: EnvironmentInForce
  /** Null where nobody has to say who they are. */
  principals(): ((name: string) => Principal | null) | null
  /** Asks the control plane at an address. @returns a sentence when it cannot be had. */
  askEvidence(environment: string, address: string, hash: string): Promise<Evidence | string>
  /** Makes what the package needs installed reachable from where it is unpacked. */
  install(read: ReadPackage, folder: string): Promise<void>
  /** Loads the definition of a folder in a process of its own. */
  load(projectDir: string): Promise<Definition>
  /** Puts a definition into force, with everything that works by it. */
  apply(definition: Definition, request: ApplyRequest): Promise<unknown>
}

export interface DeployRequest {
  /** Hash, or its first digits. */
  package: string
  /** As events name them. */
  actor: string
  reason: string
  /** Say only what is missing and what would change. */
  dryRun: boolean
  /** Written in the transaction that puts it into force. */
  also?: (writer: RecordWriter, answer: DeployAnswer) => Promise<void>
}

export interface DeployAnswer {
  package: string
  deployed: boolean
  missing: string[]
  changes: Change[]
  depends: string[]
}

/** Who an actor is as a principal: `user:ada` → `ada`. */
const nameOf = (actor: string): string => actor.replace(/^user:/, '')

/** Which packages may come into force in this environment, and how they do. */
export class PackageDeployments {
  constructor(private readonly services: DeploymentServices) {}

  /**
   * The rules in force here: of the definition in force, whatever arrives; of the package itself where there is none yet.
   *
   * @throws `invalid-definition` when the package has no such environment.
   */
  private rulesFor(definition: Definition): ResolvedEnvironment | null {
    const own = this.services.environment.of(definition)
    return this.services.environment.resolved ?? own
  }

  /** Every rule that does not hold yet for a package. @param by who asks for its deployment. @throws as `Packages.read` */
  async missing(read: ReadPackage, by: string): Promise<string[]> {
    const { metadata, projects, environment: here } = this.services
    if (here.name !== null && !read.definition.environments.some(({ name }) => name === here.name))
      return [`needs an environment "${here.name}" in its definition, has none`]
    const environment = this.rulesFor(read.definition)
    if (!environment) return []
    if (!isGuarded(environment)) return notebookRule({ environment: here.of(read.definition) ?? environment, read })
    const record = await this.services.packages.record(read.hash)
    const involved = [
      { name: nameOf(read.manifest.provenance.builder.by), as: 'built it' as const },
      { name: nameOf(record.receivedBy), as: 'brought it' as const },
      { name: nameOf(by), as: 'asked for it' as const },
    ]
    const approvals = await metadata.find('approval', { where: { package: read.hash } })
    const inForce = projects.current?.definition ?? read.definition
    const evidence = await this.evidenceFor(environment, inForce, read.hash)
    const missing = unmetRules({
      environment,
      read,
      approvals,
      principals: this.services.principals(),
      involved,
      evidence,
    })
    return projects.current && read.definition.name !== projects.current.definition.name
      ? [`needs to be of the project ${projects.current.definition.name}, is ${read.definition.name}`, ...missing]
      : missing
  }

  private async evidenceFor(
    environment: ResolvedEnvironment,
    inForce: Definition,
    hash: string,
  ): Promise<Evidence | string | null> {
    const asked = environment.needs.greenRuns
    if (!asked) return null
    const { address } = resolveEnvironment(inForce, asked.in)
    return address === null ? 'it has no address' : this.services.askEvidence(asked.in, address, hash)
  }

  /** @throws `conflict` where nobody has to say who they are: then an approval would be nobody's. */
  async approve(id: string, principal: Principal | null, note: string): Promise<ApprovalRecord> {
    const { metadata, packages, clock } = this.services
    const record = await packages.record(id)
    if (!principal)
      throw new MillwrightError('conflict', 'an approval must be somebody’s, and here nobody has to say who they are', {
        hint: 'Make tokens with `millwright token create NAME --role approver`.',
      })
    const approval: ApprovalRecord = {
      id: `${record.id}/${principal.name}`,
      package: record.id,
      by: principal.name,
      role: principal.role,
      note,
      at: clock.now(),
    }
    return metadata.transaction(async (writer) => {
      const known = await writer.get('approval', approval.id)
      if (known) return known
      await writer.insert('approval', approval)
      await writer.emit({
        type: 'package.approved',
        subject: `package:${record.id}`,
        actor: `user:${principal.name}`,
        level: 'good',
        message: `${principal.name} (${principal.role}) agrees to package ${record.id.slice(0, 12)}${note ? `: ${note}` : ''}`,
        data: { package: record.id, role: principal.role },
      })
      return approval
    })
  }

  /** Puts a package into force. @throws `rules-unmet` with every rule that does not hold, `package-altered`, `invalid-definition` */
  async deploy(request: DeployRequest): Promise<DeployAnswer> {
    const read = await this.services.packages.read(request.package)
    return this.putIntoForce(read, request, 'deploy', await this.missing(read, request.actor))
  }

  /**
   * Returns to a package that was in force here before. It went through the rules then, so they are not asked again, unless it would
   * bring other rules with it.
   *
   * @throws `conflict` when there is none, `rules-unmet`, `package-altered`
   */
  async rollBack(request: Omit<DeployRequest, 'package'> & { package?: string }): Promise<DeployAnswer> {
    const { metadata, packages, projects, environment } = this.services
    const history = await metadata.find('delivery', { orderBy: { field: 'at', direction: 'desc' } })
    const inForce = projects.current?.packageHash
    const wanted =
      request.package === undefined
        ? history.find((each) => each.package !== inForce)?.package
        : (await packages.record(request.package)).id
    if (wanted === undefined || !history.some((each) => each.package === wanted))
      throw new MillwrightError(
        'conflict',
        wanted ? `package ${wanted.slice(0, 12)} was never in force here` : 'no other package was in force here',
        {
          hint: 'A package that is new here is deployed: `millwright promote`.',
        },
      )
    const read = await packages.read(wanted)
    const [rules, its] = [environment.resolved, environment.of(read.definition)]
    const inForceRules = rulesOf(rules, projects.current?.definition ?? read.definition)
    const bringsRules = rules !== null && hashOf(inForceRules) !== hashOf(rulesOf(its, read.definition))
    return this.putIntoForce(read, request, 'rollback', bringsRules ? await this.missing(read, request.actor) : [])
  }

  private async putIntoForce(
    read: ReadPackage,
    { actor, reason, dryRun, also }: Omit<DeployRequest, 'package'>,
    kind: DeliveryRecord['kind'],
    missing: string[],
  ): Promise<DeployAnswer> {
    const { metadata, clock, projects, packages, environment } = this.services
    const { hash, definition, manifest } = read
    const changes = [...projects.plan(definition).changes, ...(await packages.codeChanges(manifest))]
    const depends = await dependents(metadata, projects.current, definition)
    const answer = { package: hash, missing, changes, depends }
    if (dryRun) return { ...answer, deployed: false }
    if (missing.length > 0) {
      await metadata.transaction((writer) =>
        writer.emit({
          type: 'package.refused',
          subject: `package:${hash}`,
          actor,
          level: 'warning',
          message: `Package ${hash.slice(0, 12)} is not put into force: it ${missing.join('; it ')}`,
          data: { package: hash, missing },
        }),
      )
      throw new MillwrightError('rules-unmet', `package ${hash.slice(0, 12)} ${missing.join('; ')}`, {
        field: 'package',
      })
    }
    const folder = packages.folderOf(hash)
    const projectDir = projectWithin(folder, manifest)
    const isInForce = projects.current?.packageHash === hash && projects.current.id === manifest.definitionHash
    if (isInForce && projects.current?.projectDir === projectDir) return { ...answer, deployed: false }
    await unpack(read, folder)
    await this.services.install(read, folder)
    const loaded = await this.services.load(projectDir)
    if (hashOf(loaded) !== manifest.definitionHash)
      throw new MillwrightError(
        'package-altered',
        'the code of the package defines another project here than it says',
        {
          hint: 'The definition depends on something outside the package, such as a variable or a file; state that in an environment’s settings.',
        },
      )
    const before = projects.current
    const record: DeliveryRecord = {
      id: newId('dlv'),
      package: hash,
      definitionHash: manifest.definitionHash,
      environment: environment.name,
      kind,
      previous: before?.origin === 'package' ? before.packageHash : null,
      by: actor,
      reason,
      at: clock.now(),
    }
    const deployed = { ...answer, deployed: true }
    const written = async (writer: RecordWriter): Promise<void> => {
      await writer.insert('delivery', record)
      await writer.emit({
        type: kind === 'deploy' ? 'package.deployed' : 'package.rolled-back',
        subject: `package:${hash}`,
        actor,
        level: kind === 'deploy' ? 'good' : 'warning',
        message: `Package ${hash.slice(0, 12)} is in force${environment.name ? ` in ${environment.name}` : ''}${record.previous ? `, after ${record.previous.slice(0, 12)}` : ''}: ${reason}`,
        data: { package: hash, previous: record.previous, delivery: record.id },
      })
      await also?.(writer, deployed)
    }
    await this.services.apply(definition, {
      projectDir,
      packageHash: hash,
      origin: 'package',
      codeChanges: changes.filter(({ what }) => what === 'code'),
      actor,
      also: written,
    })
    return deployed
  }

  /**
   * Refuses what would put something into force that is no package.
   *
   * @throws `rules-unmet` naming what is wanted instead.
   */
  refuseByHand(what: string, definition: Definition | null = this.services.projects.current?.definition ?? null): void {
    if (!definition) return
    const rules = this.rulesFor(definition)
    if (!rules || !isGuarded(rules)) return
    throw new MillwrightError('rules-unmet', `${what} by hand is refused: ${rules.name} takes packages only`, {
      hint: 'Make a package with `millwright ci`, and bring it with `millwright promote`.',
    })
  }

  /**
   * Refuses a definition with notebooks where they are refused: by the rules in force where there are any, else by its own.
   *
   * @throws `rules-unmet` naming the step and the mend.
   */
  refuseNotebooks(definition: Definition): void {
    const rules = this.rulesFor(definition)
    const environment = rules && isGuarded(rules) ? rules : this.services.environment.of(definition)
    if (environment) refuseNotebooks(environment, definition.pipelines)
  }

  /** Refuses a model version that no run of a package made here. @throws `rules-unmet`, `not-found` */
  async refuseForeignVersion(version: { id: string; runId: string | null }): Promise<void> {
    const rules = this.services.environment.resolved
    if (!rules || !isGuarded(rules)) return
    const run = version.runId ? await this.services.metadata.get('run', version.runId) : undefined
    const deliveries = run?.packageHash
      ? await this.services.metadata.count('delivery', { package: run.packageHash })
      : 0
    if (deliveries > 0) return
    throw new MillwrightError(
      'rules-unmet',
      `${version.id} was not made in ${rules.name} by a package that was in force here`,
      {
        hint: 'Let the pipeline of the package in force train it.',
      },
    )
  }

  /** Refuses to go on with a run of other code than the code in force. @throws `rules-unmet`, `not-found` */
  async refuseOtherCode(runId: string): Promise<void> {
    const rules = this.services.environment.resolved
    if (!rules || !isGuarded(rules)) return
    const run = await this.services.metadata.get('run', runId)
    const inForce = this.services.projects.current?.packageHash
    if (!run || run.packageHash === inForce) return
    throw new MillwrightError('rules-unmet', `run ${runId} ran other code than the package in force in ${rules.name}`, {
      hint: 'Start the pipeline anew.',
    })
  }
}

/** What of an environment decides about packages, and whom it believes. */
const rulesOf = (environment: ResolvedEnvironment | null, { environments }: Definition): unknown =>
  environment && {
    packagesOnly: environment.packagesOnly,
    signedBy: environment.signedBy,
    needs: environment.needs,
    notebooks: environment.notebooks,
    asks: environments.find(({ name }) => name === environment.needs.greenRuns?.in)?.address,
  }
