import type { TensorDatatype } from '../contract/model.ts'

export interface TensorSpec {
  readonly name: string
  readonly datatype: TensorDatatype
  /** −1 where the size is the caller's. */
  readonly shape: readonly number[]
}

/** Row-major data: the typed array of the element type, BigInt64Array for INT64, strings for BYTES. */
export interface Tensor {
  readonly datatype: TensorDatatype
  readonly shape: readonly number[]
  readonly data: ArrayLike<number> | ArrayLike<bigint> | readonly string[]
}

/** A model in memory, ready to answer. */
export interface LoadedModel {
  /** In the order of the file. */
  readonly inputs: readonly TensorSpec[]
  /** Tensors only: an output of another type (a map, a sequence) is not listed and not computed. */
  readonly outputs: readonly TensorSpec[]
  /**
   * Computes every listed output. Calls may overlap; none changes another's answer. Rejects with `model-input-invalid`,
   * naming the input, when one is missing, unknown, or of another type or shape than its spec.
   */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>
  /** Frees what the model holds; it must not run afterwards. Twice is as good as once. */
  release(): Promise<void>
}

/** Runs model files of one format. */
export interface ModelRunner {
  /**
   * Rejects with `model-unreadable` when the bytes are no model that it can run, and with `model-runner-missing` when
   * what it needs is not installed. The bytes are not kept.
   */
  load(bytes: Uint8Array): Promise<LoadedModel>
}
