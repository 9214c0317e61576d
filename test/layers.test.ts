import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { importsOf, isTest, type SourceImport, sourceFiles, stages, violationOf } from './layers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = sourceFiles(root)
const imports = files.flatMap((file) => importsOf(root, file))

function imported(file: string, target: string, over: Partial<SourceImport> = {}): SourceImport {
  const outside = !target.startsWith('src/')
  return {
    file,
    line: 1,
    specifier: target,
    ...(outside ? {} : { target }),
    kind: 'static',
    typeOnly: false,
    ...over,
  }
}

describe('the layers', () => {
  it('were scanned: enough files and imports, in every folder', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(imports.length).toBeGreaterThan(files.length * 2)
    for (const layer of ['base', 'contract', 'stats', 'ports', 'backends', 'sdk', 'server', 'predictor', 'cli']) {
      expect(imports.filter((found) => found.file.startsWith(`src/${layer}/`)).length, layer).toBeGreaterThan(3)
    }
    const found = stages.filter((stage) => files.some((file) => file.startsWith(`src/domain/${stage}/`)))
    expect(found.length).toBeGreaterThan(6)
    expect(imports.some(({ kind }) => kind === 'dynamic')).toBe(true)
    expect(imports.some(({ typeOnly }) => typeOnly)).toBe(true)
  })

  it('import only what their row of the design names', () => {
    const broken = imports.flatMap((found) => {
      const why = violationOf(found)
      return why ? [`${found.file}:${found.line} imports ${found.specifier}: ${why}`] : []
    })
    expect(broken).toEqual([])
  })

  it('import relative files that exist, with their extension', () => {
    const missing = imports.filter((found) => found.target !== undefined && !existsSync(join(root, found.target)))
    expect(missing.map((found) => `${found.file}:${found.line} imports ${found.specifier}`)).toEqual([])
  })

  /** What files reach when they are loaded: imports, from wherever they are. */
  function reached(start: readonly string[]): SourceImport[] {
    const byFile = new Map(files.map((file) => [file, [] as SourceImport[]]))
    for (const found of imports) byFile.get(found.file)?.push(found)
    const seen = new Set(start)
    const all: SourceImport[] = []
    const queue = [...start]
    for (let file = queue.pop(); file; file = queue.pop()) {
      for (const found of byFile.get(file) ?? []) {
        if (found.typeOnly) continue
        all.push(found)
        if (found.target && !seen.has(found.target)) {
          seen.add(found.target)
          queue.push(found.target)
        }
      }
    }
    return all
  }
  const said = ({ file, line, specifier }: SourceImport) => `${file}:${line} imports ${specifier}`

  it('keep contract and stats fit for a browser, whatever they reach', () => {
    const start = files.filter((file) => /^src\/(contract|stats)\//.test(file) && !isTest(file))
    const all = reached(start)
    expect(new Set(all.map(({ target }) => target)).size).toBeGreaterThan(20)
    expect(all.filter(({ specifier }) => specifier.startsWith('node:')).map(said)).toEqual([])
  })

  it('keep the language of searches without packages, whatever it reaches: pages carry it', () => {
    const start = files.filter((file) => /^src\/contract\/search\/[^.]+\.ts$/.test(file))
    expect(start.length).toBeGreaterThan(8)
    const packages = reached(start).filter(({ target }) => target === undefined)
    expect(packages.map(said)).toEqual([])
  })
})

describe('the rule itself', () => {
  it.each([
    ['a lower layer a higher one', imported('src/base/ids.ts', 'src/contract/errors.ts')],
    ['an early stage a later one', imported('src/domain/data/a.ts', 'src/domain/registry/b.ts')],
    ['a type of a later stage', imported('src/domain/data/a.ts', 'src/domain/serving/b.ts', { typeOnly: true })],
    ['the domain a back end', imported('src/domain/data/a.ts', 'src/backends/duckdb/b.ts')],
    ['a back end another one', imported('src/backends/duckdb/a.ts', 'src/backends/filesystem/b.ts')],
    ['a back end `sql` without being its dialect', imported('src/backends/redis/a.ts', 'src/backends/sql/b.ts')],
    ['the command line the server, statically', imported('src/cli/a.ts', 'src/server/start.ts')],
    ['the command line the domain', imported('src/cli/a.ts', 'src/domain/data/a.ts', { kind: 'dynamic' })],
    ['a value of contract in the screens', imported('src/ui/a.ts', 'src/contract/errors.ts')],
    ['node: in contract', imported('src/contract/a.ts', 'node:fs')],
    ['vitest in the product', imported('src/ports/a.ts', 'vitest')],
    ['a database outside its back end', imported('src/domain/data/a.ts', '@duckdb/node-api')],
    ['a file outside src', imported('src/server/a.ts', '', { target: 'test/layers.ts' })],
    ['a folder that the design does not have', imported('src/utils/a.ts', 'src/base/ids.ts')],
  ])('refuses %s', (_, found) => {
    expect(violationOf(found)).toBeTypeOf('string')
  })

  it.each([
    ['a later stage an earlier one', imported('src/domain/serving/a.ts', 'src/domain/registry/b.ts')],
    ['a dialect `sql`', imported('src/backends/sqlite/a.ts', 'src/backends/sql/b.ts')],
    ['the command line the server, when asked', imported('src/cli/a.ts', 'src/server/b.ts', { kind: 'dynamic' })],
    ['a type of contract in the screens', imported('src/ui/a.ts', 'src/contract/errors.ts', { typeOnly: true })],
    ['the language of searches in the screens', imported('src/ui/a.ts', 'src/contract/search/parse-filter.ts')],
    ['a value of contract in a test of the screens', imported('src/ui/a.test.ts', 'src/contract/errors.ts')],
    ['a fixture in a test', imported('src/domain/data/a.test.ts', '', { target: 'test/fixtures/flights.ts' })],
    ['vitest in a conformance suite', imported('src/ports/a.conformance.ts', 'vitest')],
    ['node: in a test of contract', imported('src/contract/a.test.ts', 'node:fs')],
  ])('allows %s', (_, found) => {
    expect(violationOf(found)).toBeUndefined()
  })
})
