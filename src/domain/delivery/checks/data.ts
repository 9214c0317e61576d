import type { CiReport, Finding } from '../../../contract/ci.ts'
import type { BatchRecord } from '../../../contract/data.ts'
import type { Definition } from '../../../contract/definition.ts'
import { type CheckVerdict, fault, note, skipped, verdictOf } from './verdict.ts'

/** What became of the sample of a dataset's source. */
export interface IngestedSample {
  dataset: string
  batches: readonly Pick<BatchRecord, 'state' | 'origin' | 'rows' | 'anomalies'>[]
  /** What kept the source from being read at all, with the mend where there is one; null when it was read. */
  fault: { message: string; hint: string | null } | null
}

/** Judges samples of the sources against schema and expectations: a batch that is not let in fails, what is told is told. */
export function checkData(definition: Definition, samples: readonly IngestedSample[]): CheckVerdict {
  const withSource = definition.datasets.filter((dataset) => dataset.source)
  if (withSource.length === 0) return skipped('data', 'no dataset has a source')
  const findings: Finding[] = []
  const figures: CiReport['checks'][number]['figures'] = {}
  for (const { dataset, batches, fault: unread } of samples) {
    const place = `datasets.${dataset}`
    if (unread) findings.push(fault(`${place}.source`, unread.message, unread.hint ?? 'Mend the path or the file.'))
    figures[`${dataset} rows`] = batches.reduce((sum, batch) => sum + batch.rows, 0)
    const told = new Set<string>()
    for (const { state, origin, anomalies } of batches) {
      for (const { column, severity, message, samples: rows } of anomalies) {
        const at = column === null ? place : `${place}.columns.${column}`
        // What was stated to be allowed needs no telling.
        if (message.endsWith('that may)')) continue
        const isWhy = state !== 'accepted' && severity !== 'warn'
        // The same said of every day of a source is said once.
        const about = `${at} ${isWhy} ${message.replace(/[\d.,]+/g, '')}`
        if (told.has(about)) continue
        told.add(about)
        const example = rows[0] ? `, such as ${JSON.stringify(rows[0]).slice(0, 160)}` : ''
        findings.push(
          isWhy
            ? fault(
                at,
                `${origin} is ${state}: ${message}${example}`,
                'Mend the data, or state what is right in the expectations.',
              )
            : note(at, `${origin}: ${message}`, 'Look at the rows; state what may be with `.mostly(…)`.'),
        )
      }
    }
    if (!unread && batches.length === 0)
      findings.push(
        fault(`${place}.source`, 'the sample of the source has no rows', 'Look at the path and the partition.'),
      )
  }
  return verdictOf('data', `samples of ${withSource.length} sources keep to schema and expectations`, findings, figures)
}
