import { type Clock, LiveClock, type Millis, ReplayClock } from '../base/clock.ts'
import { MillwrightError } from '../base/errors.ts'
import type { Definition } from '../contract/definition.ts'
import type { Metadata } from '../ports/metadata.ts'

/** The clock of the project in force; what holds it keeps it while the project changes. */
export class ProjectClock implements Clock {
  private clock: LiveClock | ReplayClock = new LiveClock()

  get mode(): 'live' | 'replay' {
    return this.clock.mode
  }
  now(): Millis {
    return this.clock.now()
  }

  /** After a start: where the project's time stood. */
  async restore(metadata: Metadata): Promise<void> {
    const record = await metadata.get('clock', 'clock')
    if (record?.mode === 'replay') this.clock = new ReplayClock(record.at)
  }

  /** Takes the mode of a definition. A replay that has begun goes on where it is. */
  async follow(definition: Definition, metadata: Metadata): Promise<void> {
    const { clock } = definition
    if (clock.mode === this.clock.mode) return
    this.clock = clock.mode === 'replay' ? new ReplayClock(clock.start) : new LiveClock()
    const at = clock.mode === 'replay' ? clock.start : this.clock.now()
    await metadata.transaction(async (writer) => {
      await writer.put('clock', { id: 'clock', mode: clock.mode, at })
      await writer.emit({
        type: 'clock.started',
        subject: 'project:clock',
        actor: 'system',
        message:
          clock.mode === 'replay'
            ? `The project lives in a replay from ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC on`
            : 'The project lives in the present',
      })
    })
  }

  /** @throws `conflict` unless it is a replay. */
  async advance(to: Millis, metadata: Metadata): Promise<void> {
    if (!(this.clock instanceof ReplayClock)) {
      throw new MillwrightError('conflict', 'the project lives in the present: its clock cannot be moved', {
        hint: 'Say `replayFrom` in defineProject.',
      })
    }
    if (!this.clock.advanceTo(to)) return
    await metadata.transaction((writer) => writer.put('clock', { id: 'clock', mode: 'replay', at: to }))
  }
}
