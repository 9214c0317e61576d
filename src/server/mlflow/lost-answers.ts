import { randomUUID } from 'node:crypto'
import { hashOf } from '../../base/hash.ts'
import type { Metadata, NoteMade, RecordWriter } from '../../ports/metadata.ts'

interface Made {
  /** Of the note that its answer has not gone out. */
  readonly note: string
  readonly id: string
}

interface Lost {
  readonly at: number
  readonly making: Promise<Made>
}

/** Not among the characters of a key that somebody sends: nobody else's key looks so. */
const prefix = 'unanswered '
const afterPrefix = 'unanswered!'
const repeatedWithinMs = 3_600_000
const clearedWithinMs = 2000
const clearedAtOnce = 500
/** Who breaks off more often is no client that lost an answer. */
const mostAsked = 10_000
const mostAlike = 1000

/**
 * What was made by requests whose answers did not go out: the client asks again for the same, with the same words, and is to have what is there already.
 *
 * The words alone do not tell a repeat: processes that begin in the same millisecond say the same, and each wants its own. So only what nobody was
 * told of is given to who asks again: of this process, where the connection broke before the answer was written; of one that was killed, where it had not
 * noted yet that the answer went out.
 */
export class LostAnswers {
  /** By what was asked. A request whose connection broke may still be at work. */
  private readonly lost = new Map<string, Lost[]>()
  /** Notes of answers that were written. */
  private readonly answered: string[] = []
  private timer: NodeJS.Timeout | undefined

  private constructor(private readonly metadata: Metadata) {}

  static async open(metadata: Metadata): Promise<LostAnswers> {
    const answers = new LostAnswers(metadata)
    const kept = await metadata.find('keyed_request', { where: { id: { atLeast: prefix, below: afterPrefix } } })
    for (const { id: note, asked, made, at } of kept)
      answers.lose(asked, { at, making: Promise.resolve({ note, id: made.id! }) })
    return answers
  }

  /**
   * Makes what a request asks for, unless the same request made it and its answer was lost.
   *
   * @param what all that was asked, and by whom.
   * @param wentOut resolves when the connection is done with the request: whether the whole answer was written.
   * @param make must hand the id of what it makes to the note, within its transaction.
   * @param again what is there by that id; null for nothing any more.
   */
  async once<T>(
    what: unknown,
    wentOut: Promise<boolean>,
    make: (note: NoteMade) => Promise<T>,
    again: (id: string) => Promise<T | null>,
  ): Promise<T> {
    const asked = hashOf(what)
    let answer: T | undefined
    const work = async (): Promise<Made> => {
      for (let lost = this.take(asked); lost; lost = this.take(asked)) {
        // One that failed made nothing.
        const made = await lost.making.catch(() => null)
        const there = made && (await again(made.id))
        if (!there) continue
        answer = there
        return made
      }
      let made: Made | undefined
      answer = await this.clearing((clear) =>
        make(async (writer, id) => {
          made = { note: `${prefix}${randomUUID()}`, id }
          await clear(writer)
          await writer.put('keyed_request', { id: made.note, asked, made: { id }, at: Date.now() })
        }),
      )
      return made!
    }
    const making = work()
    void wentOut.then((whole) => {
      if (!whole) return this.lose(asked, { at: Date.now(), making })
      making.then(
        ({ note }) => this.tell(note),
        () => {},
      )
    })
    await making
    return answer!
  }

  /** Notes which answers went out. What cannot be noted, on a full disk, say, is removed with the garbage. */
  async close(): Promise<void> {
    clearTimeout(this.timer)
    try {
      while (this.answered.length > 0) await this.clearing((clear) => this.metadata.transaction(clear))
    } catch {
      return
    }
  }

  private take(asked: string): Lost | undefined {
    const alike = this.lost.get(asked)
    const first = alike?.shift()
    if (alike?.length === 0) this.lost.delete(asked)
    return first && first.at < Date.now() - repeatedWithinMs ? this.take(asked) : first
  }

  private lose(asked: string, lost: Lost): void {
    lost.making.catch(() => {})
    const alike = this.lost.get(asked) ?? []
    if (alike.length < mostAlike) alike.push(lost)
    this.lost.set(asked, alike)
    if (this.lost.size > mostAsked) this.lost.delete(this.lost.keys().next().value!)
  }

  private tell(note: string): void {
    this.answered.push(note)
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      void this.close()
    }, clearedWithinMs).unref()
  }

  /** Does a change that removes notes of answers that went out on its way. */
  private async clearing<T>(change: (clear: (writer: RecordWriter) => Promise<void>) => Promise<T>): Promise<T> {
    const notes: string[] = []
    try {
      return await change(async (writer) => {
        notes.push(...this.answered.splice(0, clearedAtOnce - notes.length))
        for (const note of notes) await writer.remove('keyed_request', note)
      })
    } catch (error) {
      this.answered.push(...notes)
      throw error
    }
  }
}

/** What was deleted meanwhile is not given again. */
export const unlessDeleted = <T extends { isDeleted: boolean }>(found: T | undefined): T | null =>
  found && !found.isDeleted ? found : null
