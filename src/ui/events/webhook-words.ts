import type { Webhook } from '../../contract/webhook.ts'
import { count } from '../format.ts'

/** How it goes with a webhook: a mark, and what stands beside it. */
export function webhookState({ isActive, last, waiting, retryAt, setAsideInRow }: Webhook): {
  mark: 'good' | 'warning' | 'bad' | 'info'
  words: string
} {
  if (!isActive) return { mark: 'info', words: 'Not active' }
  if (setAsideInRow > 0) return { mark: 'bad', words: 'News are set aside' }
  if (retryAt !== null) return { mark: 'warning', words: 'Tries again' }
  if (waiting > 0) return { mark: 'info', words: 'Sending' }
  return last === null ? { mark: 'info', words: 'Nothing sent yet' } : { mark: 'good', words: 'Up to date' }
}

export const waitingWords = (waiting: number): string => (waiting >= 1000 ? '1,000 or more' : count(waiting))
