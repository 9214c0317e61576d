const isTerminal = process.stdout.isTTY === true
const dim = (text: string): string => (isTerminal ? `\u001b[2m${text}\u001b[0m` : text)
const colours = { info: 36, good: 32, warning: 33, bad: 31 } as const

/** Says what is happening and why, a line each, with the time since the start; below them one line that moves. */
export class Progress {
  private readonly startedAt = Date.now()
  private moving = ''

  get seconds(): number {
    return (Date.now() - this.startedAt) / 1000
  }

  title(text: string): void {
    this.write(`\n${isTerminal ? `\u001b[1m${text}\u001b[0m` : text}`)
  }

  say(text: string, level: keyof typeof colours = 'info'): void {
    const mark = { info: '·', good: '✓', warning: '!', bad: '✗' }[level]
    this.write(
      `${dim(`${this.seconds.toFixed(0).padStart(4)} s`)}  ${isTerminal ? `\u001b[${colours[level]}m${mark}\u001b[0m` : mark} ${text}`,
    )
  }

  /** Replaces the line that moves; a file gets none of them. */
  move(text: string): void {
    if (!isTerminal) return
    this.moving = text
    process.stdout.write(`\r\u001b[2K${dim(`${this.seconds.toFixed(0).padStart(4)} s  ${text}`)}`)
  }

  private write(text: string): void {
    if (isTerminal && this.moving) process.stdout.write('\r\u001b[2K')
    process.stdout.write(`${text}\n`)
    if (isTerminal && this.moving) this.move(this.moving)
  }

  /** Ends the line that moves. */
  still(): void {
    if (isTerminal && this.moving) process.stdout.write('\r\u001b[2K')
    this.moving = ''
  }
}
