import type { StepDefinition } from '../../contract/pipeline.ts'
import type { StepRecord } from '../../contract/run.ts'
import { Facts } from '../components/screen.tsx'
import { duration, figure, percent } from '../format.ts'
import { ranFor } from './run-words.tsx'
import { UsageCourse } from './usage-course.tsx'

/** What a step's processes used, beside what they may. */
export function StepUsage({ record, definition }: { record: StepRecord; definition: StepDefinition }) {
  const { resources } = record
  const took = ranFor(record)
  if (!resources)
    return (
      <p className="muted">
        {record.state === 'reused' || record.state === 'skipped'
          ? 'It did not run, and used nothing.'
          : 'Nothing was measured: it ran within the control plane, or is not over yet.'}
      </p>
    )
  const { peakMemoryMb, cpuSeconds, course } = resources
  return (
    <>
      <Facts
        facts={[
          [
            'Peak memory',
            peakMemoryMb === null
              ? 'over before it was looked at'
              : `${figure(peakMemoryMb)} MB, ${percent(peakMemoryMb / definition.memoryMb)} of the ${definition.memoryMb.toLocaleString('en')} MB it may use`,
          ],
          ['Processor', `${figure(cpuSeconds, 3)} s`],
          [
            'Cores in use',
            took !== null && took > 0
              ? `${figure((cpuSeconds * 1000) / took, 3)} on average over ${duration(took)}`
              : '–',
          ],
          ['Time limit', duration(definition.timeoutMs)],
        ]}
      />
      {course && <UsageCourse course={course} step={record.step} />}
    </>
  )
}
