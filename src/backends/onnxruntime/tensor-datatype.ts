import type { Tensor as OrtTensor } from 'onnxruntime-node'
import type { TensorDatatype } from '../../contract/model.ts'

/** The element types both sides know, by onnxruntime's names. */
export const datatypeOf: Partial<Record<OrtTensor.Type, TensorDatatype>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
}

const types = Object.fromEntries(Object.entries(datatypeOf).map(([type, datatype]) => [datatype, type]))

export function ortTypeOf(datatype: TensorDatatype): OrtTensor.Type {
  return types[datatype] as OrtTensor.Type
}
