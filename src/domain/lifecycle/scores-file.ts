import type { Table } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { Task } from '../../contract/definition.ts'
import type { Tables } from '../../ports/tables.ts'
import type { Contest } from '../training/evaluation.ts'

/** Test rows with what a model and its baseline said of them. */
export type ScoredFile = Pick<Contest, 'classes' | 'target' | 'candidate' | 'baseline' | 'segments'>

/** How far from 1 the scores of a row may add up to: they are written with a few digits. */
const mostOff = 0.01

const wrong = (column: string, file: string, why: string, hint?: string): MillwrightError =>
  new MillwrightError('invalid-data', `the column ${column} of ${file} ${why}`, {
    field: column,
    ...(hint ? { hint } : {}),
  })

function numbers(table: Table, file: string, column: string, isShare: boolean): Float64Array {
  const vector = table.columns.get(column)
  const values = vector?.kind === 'number' ? vector.values : new Float64Array()
  const at = values.findIndex((value) => !Number.isFinite(value) || (isShare && (value < 0 || value > 1)))
  if (values.length > 0 && at < 0) return values
  const what = isShare ? 'number from 0 to 1' : 'number'
  throw wrong(column, file, values.length === 0 ? 'has no value' : `has no ${what} in row ${at + 1}`)
}

function texts(table: Table, file: string, column: string): (string | null)[] {
  const vector = table.columns.get(column)
  if (vector?.kind !== 'text' || vector.codes.length === 0) throw wrong(column, file, 'has no value')
  return Array.from(vector.codes, (code) => (code < 0 ? null : vector.dictionary[code]!))
}

/** Row after row, a probability for each class. */
function byClass(table: Table, file: string, prefix: string, classes: readonly string[]): Float64Array {
  const columns = classes.map((each) => numbers(table, file, `${prefix}${each}`, true))
  const all = new Float64Array(table.rows * classes.length)
  for (let row = 0; row < table.rows; row += 1) {
    let sum = 0
    for (const [place, values] of columns.entries()) {
      all[row * classes.length + place] = values[row]!
      sum += values[row]!
    }
    if (Math.abs(sum - 1) > mostOff)
      throw wrong(
        `${prefix}${classes[0]}`,
        file,
        `and the others of its row ${row + 1} add up to ${sum.toFixed(3)}, not to 1`,
      )
  }
  return all
}

function classPlaces(targets: readonly (string | null)[], file: string, classes: readonly string[]): Float64Array {
  const places = new Map(classes.map((each, place) => [each, place]))
  return Float64Array.from(targets, (target, row) => {
    const place = target === null ? undefined : places.get(target)
    if (place !== undefined) return place
    const said = target === null ? 'no class' : `the class ${target}`
    throw wrong(
      'target',
      file,
      `has ${said} in row ${row + 1}`,
      `Its columns are of the classes ${classes.join(', ')}.`,
    )
  })
}

/**
 * Reads what a program says that its model scored: `target` and `score`, or `score_<class>` for each of several classes, `baseline` in the same way where there is
 * one, and the columns of segments.
 *
 * @param file what it is called, for messages. @throws `invalid-data` with the column and the row
 */
export async function readScores(
  tables: Tables,
  path: string,
  { file, task, segments }: { file: string; task: Task; segments: readonly string[] },
): Promise<ScoredFile> {
  const table = { format: 'csv' as const, path }
  const given = (await tables.schema(table)).map(({ name }) => name)
  const isMany = task === 'multiclass'
  const classes = isMany ? given.filter((name) => name.startsWith('score_')).map((name) => name.slice(6)) : []
  if (isMany && classes.length < 2)
    throw wrong(
      'score_…',
      file,
      'is not there for two classes or more',
      'Write one for each class: score_cat, score_dog.',
    )
  const hasBaseline = isMany ? classes.every((each) => given.includes(`baseline_${each}`)) : given.includes('baseline')
  const scores = isMany ? classes.map((each) => `score_${each}`) : ['score']
  const baselines = !hasBaseline ? [] : isMany ? classes.map((each) => `baseline_${each}`) : ['baseline']
  const asText = [...(isMany ? ['target'] : []), ...segments]
  const asNumber = [...(isMany ? [] : ['target']), ...scores, ...baselines]
  const read = await tables.read([table], {
    columns: [
      ...asNumber.filter((name) => given.includes(name)).map((name) => ({ name, type: 'number' as const })),
      ...asText.filter((name) => given.includes(name)).map((name) => ({ name, type: 'text' as const })),
    ],
  })
  const of = Object.fromEntries(segments.map((name) => [name, texts(read, file, name)]))
  const number = (name: string) => numbers(read, file, name, task === 'binary')
  if (!isMany)
    return {
      classes: 1,
      target: number('target'),
      candidate: number('score'),
      baseline: hasBaseline ? number('baseline') : null,
      segments: of,
    }
  return {
    classes: classes.length,
    target: classPlaces(texts(read, file, 'target'), file, classes),
    candidate: byClass(read, file, 'score_', classes),
    baseline: hasBaseline ? byClass(read, file, 'baseline_', classes) : null,
    segments: of,
  }
}
