/** Instructions in their binary form (https://webassembly.github.io/spec/core/binary/). */
export type Code = readonly number[]

export interface WasmFunction {
  readonly name: string
  /** All of type i32; locals 0, 1, … */
  readonly parameters: number
  /** Further locals by their types, numbered on from the parameters. */
  readonly locals: readonly ('i32' | 'v128')[]
  /** 'i32' when the body leaves one on the stack. */
  readonly result?: 'i32'
  readonly body: Code
}

const typeCodes = { i32: 0x7f, v128: 0x7b } as const

// Each builder takes the code of its operands and puts its own instruction behind them, so that code reads as an
// expression. Only what the kernels need is here.
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, opcode]
const load =
  (opcode: Code) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...unsigned(offset)]
const store =
  (opcode: Code) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...opcode, 0, ...unsigned(offset)]

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)],
}

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: load([0x28]),
  load8: load([0x2d]),
  store: store([0x36]),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  shl: binary(0x74),
  shr: binary(0x76),
  isLess: binary(0x49),
}

export const f64 = {
  const: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  load: load([0x2b]),
  store: store([0x39]),
  add: binary(0xa0),
}

/** Two doubles side by side. */
export const f64x2 = {
  load: load([0xfd, 0x00]),
  store: store([0xfd, 0x0b]),
  /** Two float32 of memory as two doubles. */
  loadFloats: (address: Code): Code => [...load([0xfd, 0x5d])(address), 0xfd, 0x5f],
  add: (a: Code, b: Code): Code => [...a, ...b, 0xfd, 0xf0, 0x01],
}

/** Runs the body while the condition holds. */
export function whileTrue(condition: Code, body: readonly Code[]): Code {
  return [0x03, 0x40, ...condition, 0x04, 0x40, ...body.flat(), 0x0c, 0x01, 0x0b, 0x0b]
}

export function copyMemory(target: Code, source: Code, size: Code): Code {
  return [...target, ...source, ...size, 0xfc, 0x0a, 0x00, 0x00]
}

/** A module of functions over one memory, imported as `env.memory`. */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array {
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...vector(new Array<Code>(parameters).fill([typeCodes.i32])),
    ...vector(result === undefined ? [] : [[typeCodes[result]]]),
  ])
  const bodies = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map((type) => [1, typeCodes[type]])), ...body, 0x0b]
    return [...unsigned(code.length), ...code]
  })
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    // A memory of at least no page and no upper limit.
    ...section(2, vector([[...text('env'), ...text('memory'), 0x02, 0x00, 0x00]])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]))),
    ...section(10, vector(bodies)),
  ])
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content]
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

function text(value: string): Code {
  const bytes = new TextEncoder().encode(value)
  return [...unsigned(bytes.length), ...bytes]
}

function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))]
}

function signed(value: number): Code {
  const low = value & 127
  const rest = value >> 7
  const isLast = (rest === 0 && low < 64) || (rest === -1 && low >= 64)
  return isLast ? [low] : [low | 128, ...signed(rest)]
}
