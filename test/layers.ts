import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import ts from 'typescript'

/** One import of a source file: static, dynamic, `import type`, `export … from`, or `new URL('./x.ts', import.meta.url)`. */
export interface SourceImport {
  /** Path of the importing file from the repository's root, with forward slashes. */
  file: string
  line: number
  /** What is written: `../base/hash.ts`, `node:fs`, `fastify`. */
  specifier: string
  /** For relative ones, the path from the root. */
  target?: string
  kind: 'static' | 'dynamic' | 'url'
  /** True when the whole import is erased by the compiler. */
  typeOnly: boolean
}

/** The stages in the order of the loop: each may import the ones before it. */
export const stages = [
  'pipelines',
  'data',
  'features',
  'tracking',
  'training',
  'registry',
  'serving',
  'monitoring',
  'governance',
  'lifecycle',
  'delivery',
] as const

const dialects = ['sqlite', 'postgres']

const simpleLayers: Record<string, readonly string[]> = {
  base: [],
  contract: ['base'],
  stats: ['base'],
  ports: ['base', 'contract'],
  domain: ['base', 'contract', 'stats', 'ports'],
  backends: ['base', 'contract', 'ports'],
  sdk: ['base', 'contract'],
  http: ['base', 'contract'],
  server: ['base', 'contract', 'stats', 'ports', 'domain', 'backends', 'sdk', 'http'],
  predictor: ['base', 'contract', 'stats', 'ports', 'domain', 'backends', 'sdk', 'http'],
  cli: ['base', 'contract', 'sdk'],
  ui: ['base', 'contract', 'stats', 'sdk'],
}

/** Packages that belong to one place, so that a back end can be replaced by touching one folder. */
const packageHomes: Record<string, readonly string[]> = {
  '@duckdb/node-api': ['src/backends/duckdb/'],
  'onnxruntime-node': ['src/backends/onnxruntime/'],
  libsql: ['src/backends/sqlite/'],
  fflate: ['src/domain/delivery/'],
  kysely: ['src/backends/sql/', 'src/backends/sqlite/', 'src/backends/postgres/'],
  fastify: ['src/server/', 'src/predictor/'],
  commander: ['src/cli/'],
  react: ['src/ui/'],
}

export function isTest(file: string): boolean {
  return /\.test\.tsx?$/.test(file)
}

function isConformance(file: string): boolean {
  return /\.conformance\.ts$/.test(file)
}

/** Every source file under `src`, as paths from `root`. */
export function sourceFiles(root: string): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => `src/${file.split(sep).join('/')}`)
    .sort()
}

/** Every import of one file. */
export function importsOf(root: string, file: string): SourceImport[] {
  const text = readFileSync(join(root, file), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: SourceImport[] = []
  const add = (node: ts.Node, specifier: string, kind: SourceImport['kind'], typeOnly: boolean) => {
    const target = specifier.startsWith('.')
      ? relative(root, resolve(root, dirname(file), specifier))
          .split(sep)
          .join('/')
      : undefined
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
    found.push({ file, line, specifier, ...(target === undefined ? {} : { target }), kind, typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node, node.moduleSpecifier.text, 'static', importErased(node.importClause))
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node, node.moduleSpecifier.text, 'static', node.isTypeOnly)
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) add(node, node.argument.literal.text, 'static', true)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      if (argument && ts.isStringLiteralLike(argument)) add(node, argument.text, 'dynamic', false)
    } else if (ts.isNewExpression(node) && node.expression.getText() === 'URL' && node.arguments?.length === 2) {
      const [path, base] = node.arguments
      if (path && ts.isStringLiteralLike(path) && base?.getText() === 'import.meta.url' && /\.tsx?$/.test(path.text)) {
        add(node, path.text, 'url', false)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function importErased(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false
  if (clause.isTypeOnly) return true
  const named = clause.namedBindings
  if (clause.name || !named || !ts.isNamedImports(named)) return false
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly)
}

/** Why this import breaks the layer rule, or undefined when it does not. */
export function violationOf(found: SourceImport): string | undefined {
  const from = found.file.split('/')
  const layer = from[1]!
  const allowed = simpleLayers[layer]
  if (!allowed) return `src/${layer} is no layer of the design`
  if (found.target === undefined) return packageViolation(found, layer)
  const to = found.target.split('/')
  if (to[0] !== 'src') {
    return isTest(found.file) && found.target.startsWith('test/fixtures/') ? undefined : 'it leaves src'
  }
  const toLayer = to[1]!
  if (layer === toLayer) {
    if (layer === 'domain') return stageViolation(from[2]!, to[2]!)
    if (layer === 'backends') return backendViolation(from[2]!, to[2]!)
    return undefined
  }
  // The command line starts the two processes by loading them when asked, so that `--help` costs nothing.
  if (layer === 'cli' && found.kind === 'dynamic' && (toLayer === 'server' || toLayer === 'predictor')) return undefined
  if (!allowed.includes(toLayer)) return `${layer} may import ${allowed.join(', ') || 'nothing'}, not ${toLayer}`
  // A page must not carry the schemas; a test of the screens may compare with them. The language of searches has none (decision 0013).
  if (layer === 'ui' && toLayer === 'contract' && to[2] !== 'search' && !found.typeOnly && !isTest(found.file)) {
    return 'ui may import only types of contract, and contract/search'
  }
  return undefined
}

function packageViolation(found: SourceImport, layer: string): string | undefined {
  const name = found.specifier.startsWith('@')
    ? found.specifier.split('/').slice(0, 2).join('/')
    : found.specifier.split('/')[0]!
  const forTests = isTest(found.file) || isConformance(found.file)
  if (name.startsWith('node:')) {
    if (!forTests && (layer === 'contract' || layer === 'stats' || layer === 'ui')) return `${layer} runs in a browser`
    return undefined
  }
  if (name === 'vitest' || name === 'fast-check') return forTests ? undefined : `${name} is for tests`
  const homes = packageHomes[name]
  if (homes && !homes.some((home) => found.file.startsWith(home))) return `${name} belongs to ${homes.join(', ')}`
  return undefined
}

function stageViolation(from: string, to: string): string | undefined {
  const order = stages as readonly string[]
  if (!order.includes(from)) return `domain/${from} is no stage of the design`
  if (order.indexOf(to) > order.indexOf(from) || !order.includes(to)) {
    return `${from} comes before ${to} and learns of it only through events`
  }
  return undefined
}

function backendViolation(from: string, to: string): string | undefined {
  if (from === to || (to === 'sql' && dialects.includes(from))) return undefined
  return `the back end ${from} may not import the back end ${to}`
}
