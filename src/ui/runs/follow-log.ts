import { addressFor, ask } from '../api.ts'

export interface LogLine {
  /** Wall-clock time as it stands in the log. */
  time: string
  stream: 'out' | 'err' | 'log'
  text: string
}

/** `2026-01-01T00:00:00.000Z err text`; what is no such line belongs to the one before. */
export function parseLogLine(line: string): LogLine {
  const [, time, stream, text] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (out|err|log) ?(.*)$/s.exec(line) ?? []
  return time === undefined
    ? { time: '', stream: 'out', text: line }
    : { time, stream: stream as 'out', text: text ?? '' }
}

/** Lines that a page holds; the whole log can be saved. */
const mostLines = 2000
/** Lines that arrive within this many milliseconds reach the page together. */
const gatherMs = 120

/** The last lines of a log, oldest first, and how many went before them. */
export interface HeldLog {
  lines: readonly LogLine[]
  dropped: number
  isOver: boolean
}

export const logAddress = (run: string, step: string, index: number | undefined, follow: boolean): string =>
  addressFor('stepLog', {
    params: { run, step },
    query: { ...(index === undefined ? {} : { index }), follow: String(follow) },
  })

/**
 * Reads a log and goes on with it while the step runs.
 *
 * @param onChange told what is held whenever that has changed.
 * @throws ApiError
 */
export async function followLog(
  address: string,
  onChange: (held: HeldLog) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await ask(address, { signal })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let lines: LogLine[] = []
  let dropped = 0
  let rest = ''
  let timer: ReturnType<typeof setTimeout> | null = null
  const tell = (isOver: boolean): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (!signal.aborted) onChange({ lines: [...lines], dropped, isOver })
  }
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const parts = (rest + value).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map(parseLogLine))
    if (lines.length > mostLines) {
      dropped += lines.length - mostLines
      lines = lines.slice(-mostLines)
    }
    timer ??= setTimeout(() => tell(false), gatherMs)
  }
  if (rest !== '') lines.push(parseLogLine(rest))
  tell(true)
}
