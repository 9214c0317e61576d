const varint = 0
const lengthDelimited = 2
const fixed32 = 5

/**
 * Writes protocol-buffer messages (https://protobuf.dev/programming-guides/encoding/). Fields go out in the order of
 * the calls, so that equal calls give equal bytes.
 */
export class ProtobufWriter {
  private bytes = new Uint8Array(256)
  private view = new DataView(this.bytes.buffer)
  private length = 0

  /** A non-negative whole number (int64, int32, enum, bool). */
  int(field: number, value: number): this {
    this.tag(field, varint)
    this.varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.tag(field, fixed32)
    this.reserve(4)
    this.view.setFloat32(this.length, value, true)
    this.length += 4
    return this
  }

  string(field: number, value: string): this {
    return this.data(field, new TextEncoder().encode(value))
  }

  data(field: number, value: Uint8Array): this {
    this.tag(field, lengthDelimited)
    this.varint(value.length)
    this.reserve(value.length)
    this.bytes.set(value, this.length)
    this.length += value.length
    return this
  }

  /** A message within this one. */
  message(field: number, write: (inner: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter()
    write(inner)
    return this.data(field, inner.finish())
  }

  packedInts(field: number, values: ArrayLike<number>): this {
    const inner = new ProtobufWriter()
    for (let index = 0; index < values.length; index += 1) inner.varint(values[index]!)
    return this.data(field, inner.finish())
  }

  packedFloats(field: number, values: ArrayLike<number>): this {
    return this.data(field, littleEndianFloats(values))
  }

  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  private tag(field: number, wireType: typeof varint | typeof lengthDelimited | typeof fixed32): void {
    this.varint(field * 8 + wireType)
  }

  private varint(value: number): void {
    this.reserve(10)
    let rest = value
    while (rest > 127) {
      this.bytes[this.length++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.length++] = rest
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + count))
    larger.set(this.bytes)
    this.bytes = larger
    this.view = new DataView(larger.buffer)
  }
}

export function littleEndianFloats(values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  for (let index = 0; index < values.length; index += 1) view.setFloat32(4 * index, values[index]!, true)
  return new Uint8Array(view.buffer)
}
