/** A code cell: its source, and its tags. */
export type CellText = readonly [source: string, ...tags: string[]]

/** A notebook in Python, as an editor saves it before it has run. */
export const notebookOf = (...cells: readonly (CellText | { markdown: string })[]): string =>
  JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
    cells: cells.map((cell, place) => {
      if ('markdown' in cell)
        return { cell_type: 'markdown', id: `prose-${place}`, metadata: {}, source: [cell.markdown] }
      const [source, ...tags] = cell
      const metadata = tags.length > 0 ? { tags } : {}
      return { cell_type: 'code', id: `code-${place}`, metadata, execution_count: null, outputs: [], source }
    }),
  })
