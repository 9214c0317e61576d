import { MillwrightError } from '../../base/errors.ts'

/** The part of WebAssembly's interface that is used here; TypeScript knows it only with the types of the browser. */
interface WasmApi {
  Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer }
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> }
}
const wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly

const pageSize = 65_536
const alignment = 16

/** Bytes that an array takes here. */
export function alignedSize(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment
}

/**
 * One memory that typed arrays and kernels share; an array's `byteOffset` is its address in the kernels. It is sized
 * once: growing would cut every array off. Pages that nobody touches cost nothing.
 */
export class TrainingMemory {
  private readonly memory: { readonly buffer: ArrayBuffer }
  private used = alignment

  /** @throws MillwrightError `training-too-large` beyond 4 GiB, which is all that a kernel can address. */
  constructor(bytes: number) {
    const pages = Math.ceil((bytes + alignment) / pageSize)
    try {
      this.memory = new wasm.Memory({ initial: pages })
    } catch (cause) {
      const size = (bytes / 2 ** 30).toFixed(1)
      throw new MillwrightError('training-too-large', `training needs ${size} GiB of memory, and cannot have them`, {
        cause,
        hint: 'train on fewer rows or columns, or with fewer leaves',
      })
    }
  }

  uint8(length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.take(length), length)
  }

  uint32(length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, this.take(4 * length), length)
  }

  float32(length: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.take(4 * length), length)
  }

  float64(length: number): Float64Array {
    return new Float64Array(this.memory.buffer, this.take(8 * length), length)
  }

  /** The functions of a module over this memory. */
  instantiate(module: Uint8Array): Record<string, unknown> {
    return new wasm.Instance(new wasm.Module(module), { env: { memory: this.memory } }).exports
  }

  private take(bytes: number): number {
    const address = this.used
    this.used += alignedSize(bytes)
    if (this.used > this.memory.buffer.byteLength) throw new RangeError('the training memory was sized too small')
    return address
  }
}
