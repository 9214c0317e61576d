import type Sqlite from 'libsql'

/** Statements of searches have as many shapes as people think of; those that serve requests all day are fewer. */
const mostStatements = 400

/** What Kysely asks of a prepared statement. */
export interface PreparedStatement {
  readonly reader: boolean
  all(parameters: readonly unknown[]): unknown[]
  run(parameters: readonly unknown[]): { changes: number; lastInsertRowid: number | bigint }
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>
}

/**
 * A database whose statements are prepared once and kept, those used last: to prepare a statement costs more than to run it. SQLite itself
 * prepares one anew when the tables have changed.
 */
export class StatementCache {
  private readonly kept = new Map<string, PreparedStatement>()

  constructor(private readonly file: Sqlite.Database) {}

  prepare(text: string): PreparedStatement {
    const known = this.kept.get(text)
    if (known) {
      this.kept.delete(text)
      this.kept.set(text, known)
      return known
    }
    const made = this.whole(text)
    if (this.kept.size >= mostStatements) this.kept.delete(this.kept.keys().next().value!)
    this.kept.set(text, made)
    return made
  }

  close(): void {
    this.kept.clear()
    this.file.close()
  }

  /** One that failed half-way would hold on to the moment it read: it is let go. */
  private whole(text: string): PreparedStatement {
    const statement = this.file.prepare(text)
    const orForgotten =
      <T>(work: (parameters: readonly unknown[]) => T) =>
      (parameters: readonly unknown[]): T => {
        try {
          return work(parameters)
        } catch (error) {
          this.kept.delete(text)
          throw error
        }
      }
    return {
      reader: statement.reader,
      all: orForgotten((parameters) => statement.all(parameters)),
      run: orForgotten((parameters) => statement.run(parameters) as ReturnType<PreparedStatement['run']>),
      iterate: (parameters) => {
        // Read row by row, it may be left before its end.
        this.kept.delete(text)
        return statement.iterate(parameters) as IterableIterator<unknown>
      },
    }
  }
}
