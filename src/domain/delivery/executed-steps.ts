import type { ExecutedStep } from '../../contract/reproduction.ts'
import type { StepRecord } from '../../contract/run.ts'

/** Where executions are found that a run reused. */
export interface Origins {
  origin(execution: string): Promise<StepRecord | undefined>
  /** The elements of a fan-out. */
  elements(runId: string, step: string): Promise<StepRecord[]>
}

/** Executions of one run alone: it reused nothing. */
export const noOrigins: Origins = { origin: async () => undefined, elements: async () => [] }

/**
 * The steps of a run, each with the execution that made what it holds, and with its elements.
 *
 * @param records the steps' own and those of elements, in any order.
 */
export function executedSteps(records: readonly StepRecord[], origins: Origins): Promise<ExecutedStep[]> {
  const own = records.filter(({ index }) => index === null)
  return Promise.all(
    own.map(async (step) => {
      const made = await madeBy(step, origins)
      if (step.elements === null) return { ...step, made, fanOut: null }
      const ofRun = records.filter((each) => each.step === step.step && each.index !== null)
      // A step that was reused as a whole has its elements where they ran.
      const elements = ofRun.length > 0 ? ofRun : await origins.elements(made.runId, step.step)
      const inOrder = [...elements].sort((a, b) => a.index! - b.index!)
      const fanOut = inOrder.map(async (each) => {
        const { index, element, state, output, artifacts, error } = each
        return { index, element, state, output, artifacts, error, made: await madeBy(each, origins) }
      })
      return { ...step, made, fanOut: await Promise.all(fanOut) }
    }),
  )
}

async function madeBy(step: StepRecord, { origin }: Origins): Promise<ExecutedStep['made']> {
  const { runId, startedAt: from, endedAt: to } = (step.reusedFrom && (await origin(step.reusedFrom))) || step
  return { runId, from, to }
}
