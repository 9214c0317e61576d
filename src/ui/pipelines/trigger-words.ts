import type { TriggerDefinition } from '../../contract/definition.ts'
import { duration } from '../format.ts'

/** What sets a trigger off, in words. */
export function triggerText({ on }: TriggerDefinition): string {
  switch (on.kind) {
    case 'schedule':
      return `on schedule ${on.cron} (UTC)`
    case 'new-data':
      return `on ${duration(on.everyMs)} of new data in ${on.dataset}`
    case 'alert':
      return `on an alert of ${on.monitor}`
    case 'value-skew':
      return `on moved values in ${on.dataset}`
  }
}

/** Its subject, where what it watches has a screen. */
export function watchedBy({ on }: TriggerDefinition): string | null {
  if (on.kind === 'schedule') return null
  return on.kind === 'alert' ? `monitor:${on.monitor}` : `dataset:${on.dataset}`
}
