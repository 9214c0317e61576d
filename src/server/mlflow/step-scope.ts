import { MillwrightError } from '../../base/errors.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import type { StepCaller } from '../step-tokens.ts'
import type { Message } from './protocol.ts'
import type { ProtocolRoute } from './route.ts'

type Check = (step: StepCaller, message: Message, tracking: TrackingReader) => Promise<void>

const notOwn = (what: string): MillwrightError =>
  new MillwrightError('forbidden', `${what} is not of the step whose token this is`, {
    hint: 'The token of a step writes the run of the step, runs and models that the step made and versions of these, and nothing else.',
  })

function checkRun({ runs }: StepCaller, id: string): void {
  if (!runs.has(id)) throw notOwn(`the run ${id.slice(0, 100)}`)
}

async function checkModel(step: StepCaller, id: string, tracking: TrackingReader): Promise<void> {
  const model = await tracking.models.get(id)
  if (!model || !step.runs.has(model.sourceRunId)) throw notOwn(`the model ${id.slice(0, 100)}`)
}

const ofRun: Check = async (step, message) => checkRun(step, message.runId())
const ofModel: Check = (step, message, tracking) => checkModel(step, message.needed('model_id'), tracking)
const ofMadeRun: Check = async (step, message) => {
  const id = message.needed('run_id')
  if (id === step.run) throw new MillwrightError('forbidden', 'a step does not delete its own run')
  checkRun(step, id)
}

/** What the program of a step may write, by method and path; all else is refused. */
const checks: Record<string, Check> = {
  'POST /runs/create': async (step, message, tracking) => {
    const experiment = (await tracking.run(step.run))?.experimentId
    if ((message.text('experiment_id') || '0') !== experiment)
      throw new MillwrightError('forbidden', `runs of this step are in the experiment ${experiment}`, {
        hint: 'Leave set_experiment out, or name the experiment of the script in MLFLOW_EXPERIMENT_NAME, in the environment of the step.',
      })
  },
  'POST /experiments/create': async () => {
    throw new MillwrightError('forbidden', 'a step makes no experiment: its run has one', {
      hint: 'Leave set_experiment out, or name the experiment of the script in MLFLOW_EXPERIMENT_NAME, in the environment of the step.',
    })
  },
  'POST /runs/delete': ofMadeRun,
  'POST /runs/restore': ofMadeRun,
  'POST /logged-models': async (step, message) => checkRun(step, message.needed('source_run_id')),
  'PATCH /logged-models/{model_id}': ofModel,
  'DELETE /logged-models/{model_id}': ofModel,
  'PATCH /logged-models/{model_id}/tags': ofModel,
  'DELETE /logged-models/{model_id}/tags/{tag_key}': ofModel,
  'POST /logged-models/{model_id}/params': ofModel,
  // To register is not to deploy: that asks for more than a step has.
  'POST /registered-models/create': async () => {},
  'POST /model-versions/create': ofRun,
}
for (const path of [
  'update',
  'log-metric',
  'log-parameter',
  'log-batch',
  'set-tag',
  'delete-tag',
  'log-inputs',
  'outputs',
  'log-model',
])
  checks[`POST /runs/${path}`] = ofRun

/** @throws `forbidden` for what is not the step's own. */
export async function checkStepWrite(
  step: StepCaller,
  { method, path }: ProtocolRoute,
  message: Message,
  tracking: TrackingReader,
): Promise<void> {
  const check = checks[`${method} ${path}`]
  if (!check) throw notOwn(`what ${method} ${path} changes`)
  await check(step, message, tracking)
}

/** @param root of artifacts: `<experiment>/<run>/artifacts` or `<experiment>/models/<model>/artifacts`. @throws `forbidden` */
export async function checkStepRoot(step: StepCaller, root: string, tracking: TrackingReader): Promise<void> {
  const [, run, model] = root.split('/')
  if (run === 'models') await checkModel(step, model ?? '', tracking)
  else checkRun(step, run ?? '')
}
