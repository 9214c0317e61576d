import { rowAt, type Table, takeRows, type Vector } from '../../../base/columns.ts'
import { seededRandom } from '../../../base/random.ts'
import type { Finding } from '../../../contract/ci.ts'
import type { ColumnSummary } from '../../../contract/data.ts'
import type { Definition, ModelDefinition } from '../../../contract/definition.ts'
import type { Expression } from '../../../contract/expression.ts'
import { datasetNamed, planDataset } from '../../data/dataset-plan.ts'
import { derive } from '../../data/derivation.ts'
import { compile, evaluate } from '../../data/expression.ts'
import { columnsOf } from '../../data/expression-columns.ts'
import { tableSource } from '../../data/row-source.ts'
import { seriesByEntity } from '../../features/event-grouping.ts'
import { eventsOf, type FeatureViewPlan, planNamedView, type ViewEvents } from '../../features/feature-view.ts'
import { OnlineStore } from '../../features/online-store.ts'
import { pointInTime } from '../../features/point-in-time.ts'
import { ModelInputs } from '../../serving/model-inputs.ts'
import { batchInputs, valueAt } from '../generated-inputs.ts'
import { GeneratedRows, unseen } from '../generated-rows.ts'
import { fault } from './verdict.ts'

/** float32 ends here; a model reads nothing greater. */
const greatestInput = 3.4e38
const rowsEach = 300
const leakRows = 12

/** One set of generated rows, with all that is computed from them. */
interface Trial {
  definition: Definition
  rows: GeneratedRows
  scope: GeneratedRows['scope']
  views: ReadonlyMap<string, FeatureViewPlan>
  online: OnlineStore
  /** Every place is told once. */
  findings: Map<string, Finding>
}

/**
 * Property tests of everything that the definition computes, over rows generated from its schemas: nothing is missing without a cause, results are in
 * their ranges, a batch gives what one row at a time and the online store give, in whatever order events come, and nothing changes with what becomes
 * known later.
 *
 * @param seen see `GenerationOptions.seen`.
 * @returns findings, and how many values were looked at.
 */
export function featureProperties(
  definition: Definition,
  seen: ReadonlyMap<string, readonly ColumnSummary[]>,
): { findings: Finding[]; values: number } {
  const findings = new Map<string, Finding>()
  let values = 0
  for (const [seed, odd] of [
    [1, false],
    [2, false],
    [3, true],
  ] as const) {
    const rows = new GeneratedRows(definition, { seed, odd, seen, rows: rowsEach })
    const plans = definition.featureViews.map((view) => planNamedView(definition, view.name))
    const trial: Trial = {
      definition,
      rows,
      scope: rows.scope,
      views: new Map(plans.map((plan) => [plan.view.name, plan])),
      online: new OnlineStore(plans),
      findings,
    }
    if (!odd) for (const dataset of definition.datasets) checkDerived(trial, dataset.name)
    for (const plan of plans) values += checkView(trial, plan, seed, odd)
    for (const model of definition.models) values += checkInputs(trial, model, odd)
    if (!odd) for (const model of definition.models) checkLeaks(trial, model)
  }
  return { findings: [...findings.values()], values }
}

function tell({ findings }: Trial, place: string, message: string, mend: string): void {
  if (!findings.has(place)) findings.set(place, fault(place, message, mend))
}

const shown = (table: Table, row: number, columns: Iterable<string>): string => {
  const values = rowAt(table, row)
  return JSON.stringify(Object.fromEntries([...columns].map((name) => [name, values[name] ?? null])))
}

const isMissing = (vector: Vector | undefined, row: number): boolean =>
  vector === undefined || (vector.kind === 'number' ? Number.isNaN(vector.values[row]!) : vector.codes[row]! < 0)

/** Every attribute that an expression reads: it may be missing, which is cause enough. */
function attributesIn(node: unknown, found: Expression[] = []): Expression[] {
  if (Array.isArray(node)) for (const each of node) attributesIn(each, found)
  else if (typeof node === 'object' && node !== null) {
    if ((node as Expression).op === 'attribute') found.push(node as Expression)
    for (const member of Object.values(node)) attributesIn(member, found)
  }
  return found
}

/** The first row whose value is missing although all that it is computed from is there; null without one. */
function missingWithoutCause(trial: Trial, table: Table, dataset: string, of: Expression): number | null {
  const { types } = planDataset(datasetNamed(trial.definition.datasets, dataset))
  const source = tableSource(table, types)
  const vector = evaluate(compile(of, source, trial.scope), table.rows)
  const needed = [...columnsOf(of)].map((name) => table.columns.get(name))
  const attributes = attributesIn(of).map((each) => evaluate(compile(each, source, trial.scope), table.rows))
  for (let row = 0; row < table.rows; row += 1) {
    if (!isMissing(vector, row)) continue
    if ([...needed, ...attributes].every((each) => !isMissing(each, row))) return row
  }
  return null
}

const guard =
  'Guard against it (a divisor that may be 0, a range that is too wide), or say with an expectation that such a row is not legal.'

function checkDerived(trial: Trial, name: string): void {
  const dataset = datasetNamed(trial.definition.datasets, name)
  const table = trial.rows.table(name)
  for (const column of dataset.columns) {
    if (!column.derived || column.optional || column.derived.op === 'row-key') continue
    const row = missingWithoutCause(trial, table, name, column.derived)
    if (row === null) continue
    const from = shown(table, row, columnsOf(column.derived))
    tell(
      trial,
      `datasets.${name}.columns.${column.name}`,
      `"${column.name}" has no value for a legal row: ${from}`,
      guard,
    )
  }
}

/** The events of a view in another order, in parts, as they would be pushed. */
function shuffled(events: ViewEvents, seed: number): ViewEvents[] {
  const random = seededRandom(seed)
  const order = Array.from(events.times, (_, row) => ({ row, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row)
  const half = order.length >> 1
  return [order.slice(0, half), order.slice(half)].map((rows) => ({
    entities: { ...events.entities, codes: Int32Array.from(rows, (row) => events.entities.codes[row]!) },
    times: Float64Array.from(rows, (row) => events.times[row]!),
    values: events.values.map((column) => Float64Array.from(rows, (row) => column[row]!)),
  }))
}

function checkView(trial: Trial, plan: FeatureViewPlan, seed: number, odd: boolean): number {
  const { scope, online } = trial
  const { view } = plan
  const table = trial.rows.table(view.dataset)
  const place = (feature: string): string => `featureViews.${view.name}.features.${feature}`
  for (const feature of odd ? [] : view.features) {
    const row = feature.aggregate === 'count' ? null : missingWithoutCause(trial, table, view.dataset, feature.of)
    if (row === null) continue
    const from = shown(table, row, columnsOf(feature.of))
    tell(trial, place(feature.name), `what "${feature.name}" aggregates has no value for a legal row: ${from}`, guard)
  }
  const events = eventsOf(plan, table, scope)
  for (const [seq, part] of shuffled(events, seed).entries())
    online.apply({
      seq: seq + 1,
      view: view.name,
      viewHash: plan.hash,
      reach: plan.reach,
      through: { version: null, pushed: seq },
      ...part,
    })
  const keys = [...new Set(events.entities.dictionary), unseen]
  const random = seededRandom(seed + 100)
  const around = Number.isNaN(events.times[0]!) ? Date.UTC(2025, 0, 1) : events.times[0]!
  const times = Float64Array.from(events.times, (time) => {
    const near = Number.isNaN(time) ? around : time
    return near + Math.floor((random() - 0.5) * 3_600_000)
  })
  const codes = Int32Array.from(times, () => Math.floor(random() * keys.length))
  const series = seriesByEntity(events)
  const features = [...plan.features]
  const asked = { keys: { kind: 'text' as const, codes, dictionary: keys }, times }
  const batch = pointInTime(series, { ...asked, features: features.map(([, feature]) => feature) })
  for (const [i, [name, { aggregate }]] of features.entries()) {
    for (let row = 0; row < times.length; row += 1) {
      const value = batch[i]![row]!
      const of = `of "${keys[codes[row]!]}" at ${new Date(times[row]!).toISOString()}`
      const isOutside =
        Math.abs(value) > greatestInput ||
        (aggregate === 'share' && (value < 0 || value > 1)) ||
        (aggregate === 'count' && !(value >= 0 && Number.isInteger(value))) ||
        (aggregate === 'std' && value < 0)
      if (isOutside)
        tell(
          trial,
          place(name),
          `the ${aggregate} "${name}" ${of} is ${value}`,
          'Narrow what is aggregated by an expectation.',
        )
      const alone = online.value(plan, name, keys[codes[row]!]!, times[row]!)
      if (!Object.is(value, alone) && !(value === 0 && alone === 0))
        tell(
          trial,
          place(name),
          `"${name}" ${of} is ${value} in a batch and ${alone} online, where events came in another order`,
          'Report it: a feature must be one value wherever it is computed.',
        )
    }
  }
  return times.length * features.length
}

const isSame = (a: unknown, b: unknown): boolean => {
  const known = (value: unknown) => (typeof value === 'number' && Number.isNaN(value) ? null : value)
  return Object.is(known(a), known(b)) || (a === 0 && b === 0)
}

function checkInputs(trial: Trial, model: ModelDefinition, odd: boolean): number {
  const dataset = datasetNamed(trial.definition.datasets, model.dataset)
  const table = trial.rows.table(model.dataset)
  const place = (input: string): string => `models.${model.name}.inputs.${input}`
  if (!odd) {
    for (const { name, from } of model.inputs) {
      if (from.kind !== 'expression') continue
      const row = missingWithoutCause(trial, table, model.dataset, from.expression)
      if (row === null) continue
      const example = shown(table, row, columnsOf(from.expression))
      tell(trial, place(name), `"${name}" has no value for a legal row: ${example}`, guard)
    }
  }
  const batch = batchInputs(trial, model, table, (name) => trial.rows.table(name))
  const single = new ModelInputs(model, dataset, trial.scope.entity, {
    value: (view, ...asked) => trial.online.value(trial.views.get(view)!, ...asked),
    newest: (view, ...asked) => trial.online.newest(trial.views.get(view)!, ...asked),
  })
  const booleans = new Set(dataset.columns.filter(({ type }) => type === 'boolean').map(({ name }) => name))
  for (let row = 0; row < table.rows; row += 1) {
    const values = rowAt(table, row)
    // Such a request is refused before anything is computed.
    if (single.columns.sent.some(({ name, optional }) => !optional && (values[name] ?? null) === null)) continue
    const request = Object.fromEntries(
      single.columns.sent.map(({ name }) => {
        const value = values[name] ?? null
        return [name, booleans.has(name) && value !== null ? value === 1 : value]
      }),
    )
    const alone = single.compute(request, Number.MAX_SAFE_INTEGER, null).values
    for (const [i, { name, vector }] of batch.entries()) {
      const value = valueAt(vector, row)
      if (typeof value === 'number' && Math.abs(value) > greatestInput)
        tell(trial, place(name), `"${name}" is ${value}, beyond what a model reads`, guard)
      if (!isSame(value, alone[i]))
        tell(
          trial,
          place(name),
          `"${name}" is ${value} in a batch and ${alone[i]} for the same row alone: ${JSON.stringify(request)}`,
          'Let it read only what a request carries.',
        )
    }
  }
  return table.rows * model.inputs.length
}

/** Gives single rows another outcome: an input of the same row that changes with it has seen the future. */
function checkLeaks(trial: Trial, model: ModelDefinition): void {
  const plan = planDataset(datasetNamed(trial.definition.datasets, model.dataset))
  const table = trial.rows.table(model.dataset)
  const outcome = causesOf(plan.dataset.columns, columnsOf(model.target)).filter((name) => name !== plan.time)
  const late = outcome.filter((name) => plan.knownAt.has(name) || !table.columns.has(name))
  const before = batchInputs(trial, model, table, (name) => trial.rows.table(name))
  const target = (of: Table, row: number): unknown =>
    valueAt(evaluate(compile(model.target, tableSource(of, plan.types), trial.scope), of.rows), row)
  for (let i = 0; i < Math.min(leakRows, table.rows); i += 1) {
    const row = Math.floor((i * table.rows) / leakRows)
    const mine = target(table, row)
    const other = Array.from({ length: table.rows }, (_, each) => each).find((each) => target(table, each) !== mine)
    if (other === undefined) return
    const swapped = new Map(table.columns)
    for (const name of outcome) {
      const rows = Array.from({ length: table.rows }, (_, each) => (each === row ? other : each))
      const taken = takeRows({ rows: table.rows, columns: new Map([[name, table.columns.get(name)!]]) }, rows)
      swapped.set(name, taken.columns.get(name)!)
    }
    const rowKey = plan.derived.filter((column) => column.derived?.op !== 'row-key')
    const changed = derive({ rows: table.rows, columns: swapped }, plan, rowKey, trial.scope)
    const after = batchInputs(trial, model, changed, (name) =>
      name === model.dataset ? changed : trial.rows.table(name),
    )
    for (const [place, { name, vector }] of before.entries()) {
      if (isSame(valueAt(vector, row), valueAt(after[place]!.vector, row))) continue
      const cause = outcome.filter((each) => !late.includes(each)).join('", "') || outcome.join('", "')
      tell(
        trial,
        `models.${model.name}.inputs.${name}`,
        `"${name}" of a row changes when the outcome of the same row ("${cause}") does: the model would learn from the future`,
        `Say from when on it is known: \`.knownAt('…', '${outcome[0]}')\` of dataset "${model.dataset}".`,
      )
    }
  }
}

/** The columns of the source that columns come from. */
function causesOf(
  columns: readonly { name: string; derived?: Expression | undefined }[],
  of: ReadonlySet<string>,
): string[] {
  const found = new Set<string>()
  const visit = (name: string): void => {
    const derived = columns.find((column) => column.name === name)?.derived
    if (!derived) found.add(name)
    else for (const each of columnsOf(derived)) visit(each)
  }
  for (const name of of) visit(name)
  return [...found]
}
