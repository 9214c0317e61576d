import { MillwrightError } from '../../base/errors.ts'
import { canonicalJson } from '../../base/hash.ts'
import type { LinearCoefficients, TrainedModel, TreeEnsemble } from './model.ts'

/** First eight bytes of a file; the last of them is the version of the format. */
const magic = Uint8Array.of(0x4d, 0x57, 0x4d, 0x4f, 0x44, 0x45, 0x4c, 1)
const headerAt = 12
const alignment = 8

const elementTypes = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
} as const
type ElementType = keyof typeof elementTypes
type NumberArray = InstanceType<(typeof elementTypes)[ElementType]>

/** The arrays of each kind of predictor in the order of the file. */
const layouts = {
  'boosted-trees': {
    baseScores: 'f64',
    roots: 'u32',
    feature: 'i32',
    threshold: 'f32',
    right: 'u32',
    missingLeft: 'u8',
    gain: 'f32',
    cover: 'f32',
  },
  linear: { intercepts: 'f64', means: 'f64', scales: 'f64', offsets: 'u32', weights: 'f64' },
} as const satisfies Record<TrainedModel['predictor']['kind'], Record<string, ElementType>>

interface Header extends Omit<TrainedModel, 'predictor' | 'validationLosses'> {
  readonly predictor: TrainedModel['predictor']['kind']
  /** Elements of each array, in the order of the layout; the validation losses come last. */
  readonly lengths: readonly number[]
}

/**
 * The model as a file: magic and version, length of the header (uint32), header (canonical JSON), then the arrays,
 * each at a multiple of eight bytes, little-endian. Equal models give equal bytes.
 */
export function writeModel(model: TrainedModel): Uint8Array {
  const { predictor, validationLosses, ...facts } = model
  const arrays = [...arraysOf(predictor), validationLosses]
  const header: Header = { ...facts, predictor: predictor.kind, lengths: arrays.map((array) => array.length) }
  const headerBytes = new TextEncoder().encode(canonicalJson(header))
  let size = aligned(headerAt + headerBytes.length)
  for (const array of arrays) size += aligned(array.byteLength)
  const bytes = new Uint8Array(size)
  bytes.set(magic)
  new DataView(bytes.buffer).setUint32(magic.length, headerBytes.length, true)
  bytes.set(headerBytes, headerAt)
  let at = aligned(headerAt + headerBytes.length)
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    at += aligned(array.byteLength)
  }
  return bytes
}

/** @throws MillwrightError `model-unreadable` when the bytes are no model, are cut short, or of a later version. */
export function readModel(bytes: Uint8Array): TrainedModel {
  if (bytes.length < headerAt || !magic.slice(0, 7).every((byte, at) => bytes[at] === byte)) {
    throw unreadable('these bytes are no model of Millwright')
  }
  if (bytes[7] !== magic[7]) {
    throw unreadable(`the model has format version ${bytes[7]}, this Millwright reads ${magic[7]}`, 'update Millwright')
  }
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(magic.length, true)
  const header = readHeader(bytes.subarray(headerAt, headerAt + headerLength))
  const { predictor: kind, lengths, ...facts } = header
  const names = [...Object.entries(layouts[kind]), ['validationLosses', 'f64'] as const]
  const arrays: Record<string, NumberArray> = {}
  let at = aligned(headerAt + headerLength)
  names.forEach(([name, type], index) => {
    const ofType = elementTypes[type]
    const byteLength = lengths[index]! * ofType.BYTES_PER_ELEMENT
    if (at + byteLength > bytes.length) throw unreadable('the model file is cut short')
    // A copy: the caller's bytes may start anywhere, and views must be aligned. Not by `slice`, which shares memory if they are a Buffer.
    arrays[name] = new ofType(Uint8Array.from(bytes.subarray(at, at + byteLength)).buffer)
    at += aligned(byteLength)
  })
  const { validationLosses, ...predictor } = arrays
  return {
    ...facts,
    validationLosses: validationLosses as Float64Array,
    predictor: { kind, ...predictor } as unknown as TreeEnsemble | LinearCoefficients,
  }
}

function arraysOf(predictor: TrainedModel['predictor']): NumberArray[] {
  const members = predictor as unknown as Record<string, NumberArray>
  return Object.keys(layouts[predictor.kind]).map((name) => members[name]!)
}

function readHeader(bytes: Uint8Array): Header {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Header
  } catch (cause) {
    throw unreadable('the header of the model is damaged', undefined, cause)
  }
}

function aligned(size: number): number {
  return Math.ceil(size / alignment) * alignment
}

function unreadable(message: string, hint?: string, cause?: unknown): MillwrightError {
  return new MillwrightError('model-unreadable', message, { hint, cause })
}
