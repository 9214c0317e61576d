import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { writeFileAtomically } from '../backends/filesystem/atomic-file.ts'
import { newId } from '../base/ids.ts'
import { servingPlanSchema } from '../contract/serving.ts'

const stateSchema = z.object({
  predictor: z.string(),
  plan: servingPlanSchema.nullable(),
  clock: z.object({ mode: z.enum(['live', 'replay']), now: z.number() }),
  /** Head of the event log as last seen: a log that was rewritten no longer has it. */
  witness: z.object({ seq: z.number(), hash: z.string() }),
})
export type PredictorState = z.infer<typeof stateSchema>

/** What a prediction service knows when it starts without a control plane. */
export async function readState(folder: string): Promise<PredictorState> {
  const fresh: PredictorState = {
    predictor: newId('predictor'),
    plan: null,
    clock: { mode: 'live', now: 0 },
    witness: { seq: 0, hash: '' },
  }
  const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => null)
  if (text === null) {
    await writeState(folder, fresh)
    return fresh
  }
  return stateSchema.parse(JSON.parse(text))
}

export async function writeState(folder: string, state: PredictorState): Promise<void> {
  await writeFileAtomically(join(folder, 'state.json'), JSON.stringify(state))
}
