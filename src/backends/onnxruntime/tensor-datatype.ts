import type { Tensor as OrtTensor } from 'onnxruntime-node'
import { datatypesByName, type TensorDatatype } from '../../contract/model.ts'

/** The element types both sides know, by onnxruntime's names. */
export const datatypeOf: Partial<Record<OrtTensor.Type, TensorDatatype>> = { ...datatypesByName, string: 'BYTES' }

const types = Object.fromEntries(Object.entries(datatypeOf).map(([type, datatype]) => [datatype, type]))

export function ortTypeOf(datatype: TensorDatatype): OrtTensor.Type {
  return types[datatype] as OrtTensor.Type
}
