import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { errorCatalogue, statusOf } from '../src/contract/errors.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Where an error of another process or thread is thrown again, so that its code is no literal. */
const rethrown = [
  'src/domain/training/train-worker.ts',
  'src/sdk/client.ts',
  'src/cli/command-backup.ts',
  'src/cli/connection.ts',
]

interface Thrown {
  file: string
  line: number
  code: string | undefined
}

/** The literals that an expression can come to: `a ? 'x' : 'y'` has two places to look. */
function literalsOf(node: ts.Expression): (string | undefined)[] {
  if (ts.isStringLiteralLike(node)) return [node.text]
  if (ts.isParenthesizedExpression(node)) return literalsOf(node.expression)
  if (ts.isConditionalExpression(node)) return [...literalsOf(node.whenTrue), ...literalsOf(node.whenFalse)]
  return [undefined]
}

/** Every code given to a `MillwrightError`, and every `{error: {code}}` written out. */
function thrownIn(file: string): Thrown[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Thrown[] = []
  const add = (node: ts.Expression) => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
    for (const code of literalsOf(node)) found.push({ file, line, code })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'MillwrightError' && node.arguments?.[0]) {
      add(node.arguments[0])
    }
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === 'error' &&
      ts.isObjectLiteralExpression(node.initializer)
    ) {
      for (const inner of node.initializer.properties) {
        if (ts.isPropertyAssignment(inner) && inner.name.getText() === 'code') add(inner.initializer)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => `src/${file}`)
  .filter((file) => /\.tsx?$/.test(file) && !/\.(test|conformance)\.tsx?$/.test(file))
const thrown = files.flatMap(thrownIn)
// Fastify's refusals become ours by a table in this file.
const translated = [
  ...readFileSync(join(root, 'src/server/http/errors.ts'), 'utf8').matchAll(/'([a-z]+(?:-[a-z]+)*)'/g),
].map(([, code]) => code!)

/** The rows of the table in docs/errors.md. */
function documented(): { code: string; status: number; meaning: string; mend: string }[] {
  return readFileSync(join(root, 'docs/errors.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [code, status, meaning, mend] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim())
      return { code: code!.replaceAll('`', ''), status: Number(status), meaning: meaning!, mend: mend! }
    })
}

describe('the catalogue of errors', () => {
  it('was compared with the code: enough places throw', () => {
    expect(thrown.length).toBeGreaterThan(100)
  })

  it('has every code that is thrown', () => {
    const unknown = thrown.filter(({ code }) => code !== undefined && !(code in errorCatalogue))
    expect(unknown.map(({ file, line, code }) => `${file}:${line} throws ${code}`)).toEqual([])
  })

  it('is named by literals, so that it can be compared', () => {
    const open = thrown.filter(({ code, file }) => code === undefined && !rethrown.includes(file))
    expect(open.map(({ file, line }) => `${file}:${line}`)).toEqual([])
  })

  it('has no code that nothing throws', () => {
    const used = new Set([...thrown.map(({ code }) => code), ...translated])
    expect(Object.keys(errorCatalogue).filter((code) => !used.has(code))).toEqual([])
  })

  it('says in docs/errors.md what it says in the code, in the same order', () => {
    const inCode = Object.entries(errorCatalogue).map(([code, { status, meaning }]) => ({ code, status, meaning }))
    expect(documented().map(({ code, status, meaning }) => ({ code, status, meaning }))).toEqual(inCode)
  })

  it('says for every code how to mend it, in a sentence', () => {
    expect(documented().filter(({ mend }) => mend.length < 20 || !mend.endsWith('.'))).toEqual([])
  })

  it('is in order of status, and a code that nobody knows is a fault of ours', () => {
    const statuses = Object.values(errorCatalogue).map(({ status }) => status)
    expect(statuses).toEqual([...statuses].sort((a, b) => a - b))
    expect(statusOf('not-found')).toBe(404)
    expect(statusOf('no-such-code')).toBe(500)
  })
})
