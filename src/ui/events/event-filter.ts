import type { Event } from '../../contract/events.ts'
import { shownStage } from '../stages.ts'

/** What one looks for; all that is said must hold. The address of the screen holds it. */
export interface EventFilter {
  stage?: string | undefined
  level?: Event['level'] | undefined
  type?: string | undefined
  subject?: string | undefined
  actor?: string | undefined
  text?: string | undefined
}

const same = (wanted: string | undefined, is: string): boolean => wanted === undefined || wanted === is

/** Whether an event that has just arrived is looked for: the same rule as the server's for those of the past. */
export function passes(event: Event, { stage, level, type, subject, actor, text }: EventFilter): boolean {
  const part = text?.toLowerCase()
  return (
    (stage === undefined || shownStage(event.stage) === stage || event.stage === stage) &&
    same(level, event.level) &&
    same(type, event.type) &&
    same(subject, event.subject) &&
    same(actor, event.actor) &&
    (part === undefined ||
      [event.message, event.subject, event.actor].some((each) => each.toLowerCase().includes(part)))
  )
}
