import { MillwrightError, messageOf } from '../base/errors.ts'
import { systemErrorOf } from '../base/system-errors.ts'

const isTerminal = process.stdout.isTTY === true && !process.env.NO_COLOR
const paint =
  (code: number) =>
  (text: string): string =>
    isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text
export const bold = paint(1)
export const dim = paint(2)
export const red = paint(31)
export const green = paint(32)
export const yellow = paint(33)

/** Rows under their headings, as wide as they need. */
export function table(headings: string[], rows: string[][]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [dim(line(headings)), ...rows.map(line)].join('\n')
}

/** `3 min ago`, of wall-clock milliseconds. */
export function ago(time: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - time) / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`
  return `${Math.round(seconds / 86_400)} d ago`
}

/** Prints what went wrong, where, and the mend. */
export function printError(thrown: unknown): void {
  const error = systemErrorOf(thrown) ?? thrown
  console.error(`${red('Error')} ${messageOf(error)}`)
  if (error instanceof MillwrightError) {
    if (error.field) console.error(`  at    ${error.field}`)
    if (error.hint) console.error(`  mend  ${error.hint}`)
  } else if (process.env.MILLWRIGHT_LOG && error instanceof Error) console.error(error.stack)
}
