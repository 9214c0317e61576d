import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'

const cellSchema = z.looseObject({
  cell_type: z.string(),
  source: z.union([z.string(), z.array(z.string())]),
  metadata: z.looseObject({ tags: z.array(z.string()).optional() }).default({}),
})
const notebookSchema = z.looseObject({
  nbformat: z.literal(4, 'it is of another format than nbformat 4'),
  cells: z.array(cellSchema),
})
type Notebook = z.infer<typeof notebookSchema>

/** @throws `invalid-definition` for a file that is not there or is no notebook. */
async function readNotebook(path: string, name: string): Promise<Notebook> {
  try {
    return notebookSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? cause.issues[0]!.message : messageOf(cause)
    throw new MillwrightError('invalid-definition', `The notebook '${name}' cannot be read: ${why}.`, {
      field: name,
      hint: 'Give its path relative to the folder of the project; an older format is brought up to date by saving it in Jupyter.',
      cause,
    })
  }
}

/**
 * Hash of what a notebook does: the source and the tags of its code cells, in order. Outputs, execution counts, ids and prose are no part
 * of it, so that running it in an editor changes nothing.
 *
 * @param name what to call it, relative to the project.
 * @throws `invalid-definition` for a file that is not there or is no notebook.
 */
export async function notebookCodeHash(path: string, name: string): Promise<string> {
  const { cells } = await readNotebook(path, name)
  const code = cells.filter(({ cell_type }) => cell_type === 'code')
  return hashOf(code.map(({ source, metadata }) => [[source].flat().join(''), [...(metadata.tags ?? [])].sort()]))
}

/**
 * A notebook as it goes elsewhere: without outputs and execution counts, which are results and may hold data.
 *
 * @throws `invalid-definition` for a file that is not there or is no notebook.
 */
export async function withoutOutputs(path: string, name: string): Promise<Uint8Array> {
  const notebook = await readNotebook(path, name)
  const cells = notebook.cells.map((cell) => {
    const { execution: _, ExecuteTime: __, ...metadata } = cell.metadata
    const code = cell.cell_type === 'code' ? { outputs: [], execution_count: null } : {}
    return { ...cell, ...code, metadata }
  })
  return Buffer.from(`${JSON.stringify({ ...notebook, cells }, null, 1)}\n`)
}
