import type { SignatureField } from '../../contract/model.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import type { Tensor } from '../../ports/model-runner.ts'

/** Columns of the inputs that are logged of a row: of an image the first pixels tell little, and all of them would drown the log. */
const mostColumns = 64
/** An answer of more numbers a row, such as an embedding, is not logged. */
const mostScores = 1000

type Column = { name: string; tensor: Tensor; offset: number; stride: number }

/** Reads the rows of a request's tensors as the prediction log has them: `name`, or `name.0`, `name.1`, … of several values a row. */
export function loggedInputs(
  tensors: Readonly<Record<string, Tensor>>,
  rows: number,
): (row: number) => PredictionRecord['inputs'] {
  const columns: Column[] = []
  for (const [name, tensor] of Object.entries(tensors)) {
    // A tensor that has not one part a row, such as a temperature, belongs to every row whole.
    const stride = tensor.shape[0] === rows ? tensor.data.length / rows : 0
    const width = stride === 0 ? tensor.data.length : stride
    for (let offset = 0; offset < width && columns.length < mostColumns; offset += 1) {
      columns.push({ name: width === 1 ? name : `${name}.${offset}`, tensor, offset, stride })
    }
  }
  return (row) =>
    Object.fromEntries(
      columns.map(({ name, tensor, offset, stride }) => [name, plain(tensor.data[row * stride + offset]!)]),
    )
}

/**
 * Reads the rows of an answer: the score is the first output of floats (of other numbers where none is of floats), a number or a list of them; the output is
 * the first output where it is one value a row.
 */
export function loggedAnswers(
  answer: Readonly<Record<string, Tensor>>,
  outputs: readonly SignatureField[],
  rows: number,
): (row: number) => Pick<PredictionRecord, 'score' | 'output'> {
  const byRow = outputs.flatMap(({ name, datatype }) => {
    const tensor = answer[name]
    return tensor && tensor.shape[0] === rows ? [{ datatype, tensor, width: tensor.data.length / rows }] : []
  })
  const scored =
    byRow.find(({ datatype }) => datatype.startsWith('FP')) ?? byRow.find(({ datatype }) => datatype.includes('INT'))
  const [first] = byRow
  return (row) => ({
    score: scored ? scoreOf(scored.tensor, row, scored.width) : null,
    output: first?.width === 1 ? outputOf(first.tensor, row) : null,
  })
}

function scoreOf({ data }: Tensor, row: number, width: number): PredictionRecord['score'] {
  if (width === 0 || width > mostScores) return null
  const numbers = Array.from({ length: width }, (_, at) => Number(data[row * width + at]))
  // JSON has no NaN: a row with one in it has no score.
  if (!numbers.every(Number.isFinite)) return null
  return width === 1 ? numbers[0]! : numbers
}

function outputOf({ data, datatype }: Tensor, row: number): PredictionRecord['output'] {
  const value = plain(data[row]!)
  return datatype === 'BOOL' ? value !== 0 : value
}

const plain = (value: number | bigint | string): number | string | null => {
  if (typeof value === 'string') return value
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}
