import type { Answer } from '../api.ts'
import type { IconName } from '../components/icon.tsx'
import { Mark } from '../components/mark.tsx'

export type Batch = Answer<'datasetBatches'>['batches'][number]

const marks: Record<Batch['state'], IconName> = { accepted: 'good', quarantined: 'warning', refused: 'bad' }
const words: Record<Batch['state'], string> = {
  accepted: 'accepted',
  quarantined: 'set aside',
  refused: 'refused',
}

/** The worst that was said of it, first. */
export const findingsOf = ({ anomalies }: Pick<Batch, 'anomalies'>): Batch['anomalies'] => {
  const order = { stop: 0, quarantine: 1, warn: 2 } as const
  return anomalies.toSorted((a, b) => order[a.severity] - order[b.severity])
}

/** What became of a batch; let in with a word of warning is not the same as without. */
export function Verdict({ batch }: { batch: Pick<Batch, 'state' | 'anomalies'> }) {
  const told = batch.anomalies.length
  const isTold = batch.state === 'accepted' && told > 0
  return (
    <span>
      <Mark name={isTold ? 'info' : marks[batch.state]} /> {words[batch.state]}
      {isTold && <span className="muted">, {told === 1 ? 'one remark' : `${told} remarks`}</span>}
    </span>
  )
}

export const verdictWords = (state: Batch['state']): string => words[state]
