import { littleEndianFloats, ProtobufWriter } from './protobuf-writer.ts'

// Field numbers and enum values of onnx/onnx.proto (IR version 8, which goes with opset 17).
const irVersion = 8
const opset = 17
const mlOpset = 3
const elementFloat = 1
const elementInt64 = 7
const attributeType = { int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly string: string }
  | { readonly floats: ArrayLike<number> }
  | { readonly ints: ArrayLike<number> }
  | { readonly strings: readonly string[] }

export interface OnnxNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
  /** '' is the core domain. */
  readonly domain?: 'ai.onnx.ml'
}

/** Constants of a graph. */
export interface OnnxTensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly values: ArrayLike<number>
  readonly isInteger?: boolean
}

/** A graph from one float tensor [rows, width] to another. */
export interface OnnxGraph {
  readonly name: string
  readonly input: { readonly name: string; readonly width: number }
  readonly output: { readonly name: string; readonly width: number }
  readonly nodes: readonly OnnxNode[]
  readonly constants: readonly OnnxTensor[]
  readonly metadata: Readonly<Record<string, string>>
}

/** The graph as an ONNX file, opset 17 and ai.onnx.ml 3. */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  const model = new ProtobufWriter()
    .int(1, irVersion)
    .string(2, 'millwright')
    .message(7, (inner) => writeGraph(inner, graph))
    .message(8, (inner) => inner.string(1, '').int(2, opset))
    .message(8, (inner) => inner.string(1, 'ai.onnx.ml').int(2, mlOpset))
  for (const [key, value] of Object.entries(graph.metadata)) {
    model.message(14, (inner) => inner.string(1, key).string(2, value))
  }
  return model.finish().slice()
}

function writeGraph(graph: ProtobufWriter, { name, input, output, nodes, constants }: OnnxGraph): void {
  for (const node of nodes) graph.message(1, (inner) => writeNode(inner, node))
  graph.string(2, name)
  for (const constant of constants) graph.message(5, (inner) => writeTensor(inner, constant))
  graph.message(11, (inner) => writeFloatMatrix(inner, input))
  graph.message(12, (inner) => writeFloatMatrix(inner, output))
}

function writeNode(node: ProtobufWriter, { op, inputs, output, attributes = {}, domain }: OnnxNode): void {
  for (const input of inputs) node.string(1, input)
  node.string(2, output).string(3, output).string(4, op)
  for (const [name, attribute] of Object.entries(attributes)) {
    node.message(5, (inner) => writeAttribute(inner.string(1, name), attribute))
  }
  if (domain !== undefined) node.string(7, domain)
}

function writeAttribute(writer: ProtobufWriter, attribute: OnnxAttribute): void {
  if ('int' in attribute) writer.int(3, attribute.int).int(20, attributeType.int)
  else if ('string' in attribute) writer.string(4, attribute.string).int(20, attributeType.string)
  else if ('floats' in attribute) writer.packedFloats(7, attribute.floats).int(20, attributeType.floats)
  else if ('ints' in attribute) writer.packedInts(8, attribute.ints).int(20, attributeType.ints)
  else {
    for (const value of attribute.strings) writer.string(9, value)
    writer.int(20, attributeType.strings)
  }
}

function writeTensor(tensor: ProtobufWriter, { name, dims, values, isInteger = false }: OnnxTensor): void {
  tensor.packedInts(1, dims).int(2, isInteger ? elementInt64 : elementFloat)
  if (isInteger) tensor.packedInts(7, values)
  tensor.string(8, name)
  if (!isInteger) tensor.data(9, littleEndianFloats(values))
}

function writeFloatMatrix(value: ProtobufWriter, { name, width }: { name: string; width: number }): void {
  value.string(1, name).message(2, (type) =>
    type.message(1, (tensor) =>
      tensor.int(1, elementFloat).message(2, (shape) => {
        // The number of rows is the caller's.
        shape.message(1, (dimension) => dimension.string(2, 'rows'))
        shape.message(1, (dimension) => dimension.int(1, width))
      }),
    ),
  )
}
