import { useMemo } from 'react'
import { Panel } from '../components/panel.tsx'
import { EmptyState } from '../components/states.tsx'
import { type Block, blocksOf, type Inline } from './markdown.ts'

const tags = { text: 'span', strong: 'strong', code: 'code' } as const

function Line({ content }: { content: readonly Inline[] }) {
  return content.map(({ kind, text }, place) => {
    const Tag = tags[kind]
    // Text of a card never changes: the place is the name.
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    return <Tag key={place}>{text}</Tag>
  })
}

const isNumber = (cell: readonly Inline[] | undefined): boolean =>
  /^[-−\d][\d.,\s–%−-]*$/.test(cell?.map(({ text }) => text).join('') ?? '')

function Part({ block }: { block: Block }) {
  if (block.kind === 'heading') {
    // The screen has the first two levels.
    const Tag = `h${Math.min(6, block.level + 2)}` as 'h3'
    return (
      <Tag>
        <Line content={block.content} />
      </Tag>
    )
  }
  if (block.kind === 'paragraph')
    return (
      <p>
        <Line content={block.content} />
      </p>
    )
  if (block.kind === 'list')
    return (
      <ul>
        {block.items.map((item, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: text of a card never changes
          <li key={place}>
            <Line content={item} />
          </li>
        ))}
      </ul>
    )
  const numeric = block.head.map(
    (_, column) => block.rows.length > 0 && block.rows.every((row) => !row[column]?.length || isNumber(row[column])),
  )
  return (
    <table>
      <thead>
        <tr>
          {block.head.map((cell, column) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: text of a card never changes
            <th key={column} scope="col" className={numeric[column] ? 'numeric' : ''}>
              <Line content={cell} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {block.rows.map((row, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: text of a card never changes
          <tr key={place}>
            {row.map((cell, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: text of a card never changes
              <td key={column} className={numeric[column] ? 'numeric' : ''}>
                <Line content={cell} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The card that its run wrote, as a document: it prints as one. */
export function ModelCard({ card, version }: { card: string | null; version: string }) {
  const blocks = useMemo(() => (card === null ? [] : blocksOf(card)), [card])
  return (
    <Panel
      title={`Card of ${version}`}
      says="What the model is for, how it was made and what it proved, as its run wrote it down."
      className="card-panel"
      actions={
        <button type="button" disabled={card === null} onClick={() => print()}>
          Print
        </button>
      }
    >
      {card === null ? (
        <EmptyState>A model that came as a file has no card: nothing is known of how it was made.</EmptyState>
      ) : (
        <article className="card">
          {blocks.map((block, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: text of a card never changes
            <Part key={place} block={block} />
          ))}
        </article>
      )}
    </Panel>
  )
}
