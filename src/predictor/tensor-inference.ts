import { MillwrightError, messageOf } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { SignatureField } from '../contract/model.ts'
import type { PredictionRecord, Slot } from '../contract/serving.ts'
import { readTensorRequest, type TensorRequest } from '../domain/serving/tensor-request.ts'
import { loggedAnswers, loggedInputs } from '../domain/serving/tensor-rows.ts'
import { chooseSlot, placeOf } from '../domain/serving/traffic.ts'
import type { Tensor } from '../ports/model-runner.ts'
import type { LoadedEndpoint } from './endpoints.ts'
import type { Inference } from './inference.ts'
import type { TensorModel } from './tensor-models.ts'

/** A version that came as a model file: its tensors are the request. */
export interface TensorSlot {
  readonly slot: Slot
  readonly model: TensorModel
}

const isWanted = ({ slot: { version } }: TensorSlot, wanted: string): boolean =>
  String(version.number) === wanted || version.id === wanted

/** Whether a model file answers here: the version that is wanted, or where none is, whatever takes the traffic. */
export function answersTensors({ slots, tensorSlots }: LoadedEndpoint, wanted: string | null): boolean {
  if (tensorSlots.length === 0) return false
  return wanted === null
    ? !slots.some(({ slot }) => slot.role === 'primary')
    : tensorSlots.some((loaded) => isWanted(loaded, wanted))
}

function chosen({ name, tensorSlots }: LoadedEndpoint, id: string, wanted: string | null): TensorSlot {
  const picked =
    wanted === null
      ? chooseSlot(
          tensorSlots.map((loaded) => ({ role: loaded.slot.role, share: loaded.slot.share, loaded })),
          placeOf(id, name),
        )?.loaded
      : tensorSlots.find((loaded) => isWanted(loaded, wanted))
  if (!picked) throw new MillwrightError('unavailable', `no version of "${name}" is loaded yet`)
  return picked
}

/**
 * Answers a request of tensors: checks it against the model's signature, runs the model, logs every row, and only then answers. A model that fails on
 * the values it is given is logged too.
 *
 * @param wanted a version by number or id; null lets the traffic's shares decide.
 */
export async function inferTensors(
  endpoint: LoadedEndpoint,
  wanted: string | null,
  body: unknown,
  around: Inference,
): Promise<string> {
  const started = process.hrtime.bigint()
  const given = (body as { id?: unknown } | null)?.id
  const id = typeof given === 'string' ? given : newId('req')
  const answering = chosen(endpoint, id, wanted)
  const { version } = answering.slot
  const request = readTensorRequest(body, version.signature.request)
  const { outputs: stated } = version.signature
  if (stated.length > 0) askedOutputs(request, stated)
  const time = around.now()

  let answer: Record<string, Tensor> = {}
  let error: string | null = null
  let fault: MillwrightError | null = null
  try {
    answer = await answering.model.run(request.tensors)
  } catch (cause) {
    error = messageOf(cause)
    // Not of the values: the model's process is gone, or it answers what it never said it would.
    if (cause instanceof MillwrightError && cause.code !== 'model-input-invalid') fault = cause
  }
  const written: Promise<void>[] = []
  const ids: string[] = []
  const inputsOf = loggedInputs(request.tensors, request.rows)
  const answerOf = loggedAnswers(answer, version.signature.outputs, request.rows)
  const latencyUs = Number((process.hrtime.bigint() - started) / 1000n)
  for (let row = 0; row < request.rows; row += 1) {
    const line = around.log.append((lineId) => {
      const record: PredictionRecord = {
        id: lineId,
        requestId: id,
        endpoint: endpoint.name,
        version: version.id,
        role: answering.slot.role,
        key: null,
        time,
        eventTime: time,
        request: {},
        inputs: inputsOf(row),
        featureAgeMs: null,
        ...answerOf(row),
        error,
        latencyUs,
      }
      return JSON.stringify(record)
    })
    written.push(line.written)
    ids.push(line.id)
  }
  const all = Promise.all(written)
  if (endpoint.logging === 'required') await all
  else all.catch(() => around.metrics.dropped(endpoint.name, written.length))
  if (fault) throw fault
  if (error !== null)
    throw new MillwrightError('model-input-invalid', `${version.id} cannot compute with these values: ${error}`, {
      field: 'inputs',
    })
  around.metrics.answered(endpoint.name, version.id, request.rows, Number(process.hrtime.bigint() - started) / 1e9)
  return JSON.stringify({
    model_name: endpoint.name,
    model_version: String(version.number),
    id,
    parameters: { prediction_ids: ids.join(' ') },
    outputs: askedOutputs(request, stated.length > 0 ? stated : fieldsOf(answer)).map(({ name, datatype }) => {
      const { shape, data } = answer[name]!
      return { name, datatype, shape, data: sent(datatype, data) }
    }),
  })
}

/** Outputs of a model that states none, as they came. */
const fieldsOf = (answer: Readonly<Record<string, Tensor>>): SignatureField[] =>
  Object.entries(answer).map(([name, { datatype }]) => ({ name, datatype, optional: false }))

/** @throws `invalid-request` for an output that the model does not have. */
function askedOutputs({ outputs }: TensorRequest, signature: readonly SignatureField[]): readonly SignatureField[] {
  return outputs === null
    ? signature
    : outputs.map((name) => {
        const field = signature.find((each) => each.name === name)
        if (!field)
          throw new MillwrightError('invalid-request', `the model has no output "${name}"`, {
            field: name,
            hint: `It answers ${signature.map((each) => each.name).join(', ')}.`,
          })
        return field
      })
}

function sent(datatype: SignatureField['datatype'], data: Tensor['data']): (number | string | boolean)[] {
  return Array.from(data as ArrayLike<number | bigint | string>, (value) =>
    datatype === 'BOOL' ? Boolean(value) : typeof value === 'bigint' ? Number(value) : value,
  )
}
