import { MillwrightError } from '../../base/errors.ts'

export interface BoostedTreesSpec {
  readonly kind: 'boosted-trees'
  /** Greatest number of boosting iterations (trees; for multiclass, trees of each class). */
  readonly trees: number
  readonly learningRate: number
  readonly maxLeaves: number
  readonly minSamplesLeaf: number
  readonly l2: number
  /** Stop after this many iterations without a lower validation loss and keep the best; 0 = never. */
  readonly stopEarly: number
  /** Share of the rows that each iteration learns from, drawn anew. */
  readonly rowShare: number
  /** Share of the features that each tree may split on, drawn anew. */
  readonly featureShare: number
}

export interface LinearSpec {
  readonly kind: 'linear'
  /** Penalty l2/2 · ‖w‖² added to the summed loss, over standardised features (scikit-learn's alpha, or 1/C). */
  readonly l2: number
}

export type ModelSpec = BoostedTreesSpec | LinearSpec
/** A specification as a person writes it: what is left out takes its default. */
export type ModelSpecInput =
  | (Partial<BoostedTreesSpec> & { kind: 'boosted-trees' })
  | (Partial<LinearSpec> & { kind: 'linear' })

const boostedTreesDefaults: BoostedTreesSpec = {
  kind: 'boosted-trees',
  trees: 100,
  learningRate: 0.1,
  maxLeaves: 31,
  minSamplesLeaf: 20,
  l2: 0,
  stopEarly: 0,
  rowShare: 1,
  featureShare: 1,
}

/** @throws MillwrightError `model-spec-invalid` naming the field that is out of its range. */
export function resolveSpec(input: ModelSpecInput): ModelSpec {
  if (input.kind === 'linear') {
    const spec: LinearSpec = { kind: 'linear', l2: input.l2 ?? 1 }
    inRange('l2', spec.l2, 0, Number.MAX_VALUE)
    return spec
  }
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
  const spec: BoostedTreesSpec = { ...boostedTreesDefaults, ...given }
  wholeInRange('trees', spec.trees, 1, 100_000)
  inRange('learningRate', spec.learningRate, 1e-6, 1)
  wholeInRange('maxLeaves', spec.maxLeaves, 2, 4096)
  wholeInRange('minSamplesLeaf', spec.minSamplesLeaf, 1, Number.MAX_SAFE_INTEGER)
  inRange('l2', spec.l2, 0, Number.MAX_VALUE)
  wholeInRange('stopEarly', spec.stopEarly, 0, 100_000)
  inRange('rowShare', spec.rowShare, 0.01, 1)
  inRange('featureShare', spec.featureShare, 0.01, 1)
  return spec
}

function inRange(field: string, value: number, least: number, greatest: number): void {
  if (value >= least && value <= greatest) return
  const range = greatest >= Number.MAX_SAFE_INTEGER ? `at least ${least}` : `between ${least} and ${greatest}`
  throw new MillwrightError('model-spec-invalid', `${field} is ${value}; it must be ${range}`, { field })
}

function wholeInRange(field: string, value: number, least: number, greatest: number): void {
  inRange(field, value, least, greatest)
  if (Number.isInteger(value)) return
  throw new MillwrightError('model-spec-invalid', `${field} is ${value}; it must be a whole number`, { field })
}
