import { numberVector, type Table, textVector, type Vector } from '../base/columns.ts'
import { MillwrightError, messageOf } from '../base/errors.ts'
import { type Dataset, datasetSchema } from '../contract/definition.ts'
import type { ServingPlan, Slot } from '../contract/serving.ts'
import { EntityTable } from '../domain/data/entity-table.ts'
import type { FeatureLookup } from '../domain/serving/model-inputs.ts'
import type { ModelRunner } from '../ports/model-runner.ts'
import { type LoadedSlot, loadSlot, type SlotSurroundings } from './loaded-slot.ts'
import type { PythonModels } from './python-models.ts'
import type { TensorSlot } from './tensor-inference.ts'
import { TensorModels } from './tensor-models.ts'

export interface LoadedEndpoint {
  readonly name: string
  readonly model: string
  readonly logging: 'required' | 'best-effort'
  readonly slots: readonly LoadedSlot[]
  /** Versions that came as model files. */
  readonly tensorSlots: readonly TensorSlot[]
}
export interface Fault {
  version: string
  message: string
}

/** The endpoints as they answer now. A new plan is loaded beside them and takes their place in one moment, whole. */
export class Endpoints {
  private loaded = new Map<string, LoadedEndpoint>()
  revision = ''
  faults: Fault[] = []
  /** Versions of the plan that are not there yet: their packages are being installed, or they are being started. */
  preparing: string[] = []
  private readonly models: TensorModels
  private plan: ServingPlan | null = null
  private taking: Promise<void> = Promise.resolve()

  constructor(
    private readonly features: { lookup(definitionHash: string | null): FeatureLookup },
    private readonly blob: (hash: string) => Promise<Uint8Array>,
    runner: ModelRunner,
    private readonly pythonModels: PythonModels,
  ) {
    this.models = new TensorModels(runner, blob)
  }

  /** Packages that models of the plan ask for. */
  packagesAskedFor: readonly string[] = []

  get names(): string[] {
    return [...this.loaded.keys()]
  }

  find(name: string): LoadedEndpoint | undefined {
    return this.loaded.get(name)
  }

  /** Takes a plan into service. A version that cannot be loaded is left out and told; one that is loaded already is kept as it is. */
  take(plan: ServingPlan): Promise<void> {
    this.plan = plan
    return this.afterOthers(() => this.load(plan))
  }

  /** What was being prepared is ready: it takes its place in the plan of now. */
  async takeAgain(): Promise<void> {
    if (this.plan) await this.take(this.plan)
  }

  private afterOthers(work: () => Promise<void>): Promise<void> {
    this.taking = this.taking.catch(() => {}).then(work)
    return this.taking
  }

  private async load(plan: ServingPlan): Promise<void> {
    const definitions = new Map(
      plan.definitions.map(({ hash, datasets, featureViews }) => [
        hash,
        {
          datasets: new Map(datasets.map((dataset) => [dataset.name, datasetSchema.parse(dataset)])),
          featureViews,
        },
      ]),
    )
    const entities = new Map<string, EntityTable>()
    for (const { entity, key, hash } of plan.entities) {
      entities.set(entity, new EntityTable(entity, key, readEntityTable(await this.blob(hash))))
    }
    const around = (version: Slot['version']): Omit<SlotSurroundings, 'endpoint'> => {
      const own = definitions.get(version.definitionHash ?? '')
      return {
        dataset: (name) => named(own?.datasets ?? new Map<string, Dataset>(), name, 'dataset'),
        featureViews: own?.featureViews ?? [],
        entity: (name) => named(entities, name, 'entity'),
        features: this.features.lookup(version.definitionHash),
        blob: this.blob,
      }
    }
    const faults: Fault[] = []
    const preparing: string[] = []
    const next = new Map<string, LoadedEndpoint>()
    for (const { endpoint, slots } of plan.endpoints) {
      const loaded: LoadedSlot[] = []
      const tensorSlots: TensorSlot[] = []
      let waits = false
      for (const slot of slots) {
        const { modelHash, onnxHash } = slot.version
        try {
          if (slot.model === null && modelHash === null && onnxHash !== null) {
            tensorSlots.push({ slot, model: await this.models.load(onnxHash) })
          } else if (slot.files) {
            const model = this.pythonModels.get({ ...slot, files: slot.files })
            if (model) tensorSlots.push({ slot, model })
            else {
              preparing.push(slot.version.id)
              waits ||= slot.role === 'primary' || slot.role === 'canary'
            }
          } else loaded.push(await loadSlot(slot, { ...around(slot.version), endpoint: endpoint.name }))
        } catch (error) {
          faults.push({ version: slot.version.id, message: messageOf(error) })
        }
      }
      const { name, model, logging } = endpoint
      // Until what takes traffic is there, what answered before goes on.
      const before = waits ? this.loaded.get(name) : undefined
      next.set(name, before ?? { name, model, logging, slots: loaded, tensorSlots })
    }
    this.loaded = next
    this.faults = faults
    this.preparing = preparing
    this.revision = plan.revision
    const models = plan.endpoints.flatMap(({ slots }) => slots.flatMap(({ model }) => model ?? []))
    this.packagesAskedFor = models.flatMap(({ requires }) => Object.keys(requires?.packages ?? {}))
    await this.freeUnused()
  }

  /** Frees what is in memory; nothing answers afterwards. */
  async close(): Promise<void> {
    this.plan = null
    await this.afterOthers(async () => {
      this.loaded = new Map()
      await this.freeUnused()
    })
    await this.pythonModels.close()
  }

  private async freeUnused(): Promise<void> {
    const used = [...this.loaded.values()].flatMap(({ tensorSlots }) => tensorSlots)
    const wanted = this.plan?.endpoints.flatMap(({ slots }) => slots) ?? []
    this.pythonModels.keepOnly(
      new Set([...used.map(({ slot }) => slot), ...wanted].flatMap(({ version }) => version.filesHash ?? [])),
    )
    await this.models.keepOnly(new Set(used.flatMap(({ slot }) => slot.version.onnxHash ?? [])))
  }
}

function named<T>(from: Map<string, T>, name: string, kind: string): T {
  const found = from.get(name)
  if (!found) throw new MillwrightError('invalid-definition', `the plan has no ${kind} "${name}"`)
  return found
}

/** `{columns: {name: [value, …]}}`, as the control plane writes reference data for prediction services. */
function readEntityTable(bytes: Uint8Array): Table {
  const { columns } = JSON.parse(new TextDecoder().decode(bytes)) as {
    columns: Record<string, (string | number | null)[]>
  }
  const vectors = new Map<string, Vector>()
  let rows = 0
  for (const [name, values] of Object.entries(columns)) {
    rows = values.length
    vectors.set(
      name,
      values.some((value) => typeof value === 'string')
        ? textVector(values as (string | null)[])
        : numberVector(values.map((value) => (value === null ? Number.NaN : (value as number)))),
    )
  }
  return { rows, columns: vectors }
}
