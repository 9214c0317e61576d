import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { commandLine } from '../src/cli/command-line.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }

const pages = [
  ...readdirSync(root).filter((file) => file.endsWith('.md')),
  ...['docs', 'bench', 'examples', 'templates'].flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.md') && !/(^|\/)(node_modules|\.millwright)\//.test(file))
          .map((file) => `${folder}/${file}`)
      : [],
  ),
].sort()

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

/** What is code, block or inline. */
const codeOf = (text: string): string[] => [
  ...[...text.matchAll(/^```.*\n([\s\S]*?)^```/gm)].flatMap(([, block]) => block!.split('\n')),
  ...[...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, inline]) => inline!),
]

/** GitHub's name for the place of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number} _-]/gu, '')
    .replaceAll(' ', '-')

/** What is wrong with the links of a page. */
function brokenLinks(page: string): string[] {
  const prose = textOf(page).replace(/^```[\s\S]*?^```/gm, '')
  return [...prose.matchAll(/!?\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
    if (/^[a-z]+:/.test(link!)) return []
    const [path, anchor] = link!.split('#')
    const target = path ? join(root, dirname(page), path) : join(root, page)
    if (!existsSync(target)) return [`${page}: ${link} is not there`]
    if (!anchor) return []
    const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!))
    return headings.includes(anchor) ? [] : [`${page}: ${link} has no such heading`]
  })
}

/** The command that the words begin with; whatever follows are its arguments. */
function commandOf(words: string): Command | undefined {
  let found: Command | undefined = commandLine()
  for (const word of words.split(' ')) {
    const below: Command | undefined = found.commands.find(
      (each) => each.name() === word || each.aliases().includes(word),
    )
    if (!below) return found.commands.length > 0 ? undefined : found
    found = below
  }
  return found
}

describe('the documents', () => {
  it('are all there, and link only to what is there', () => {
    expect(pages).toEqual(
      expect.arrayContaining([
        'README.md',
        'CHANGELOG.md',
        'docs/architecture.md',
        'docs/errors.md',
        'docs/operations.md',
      ]),
    )
    expect(pages.filter((page) => page.startsWith('docs/decisions/')).length).toBeGreaterThanOrEqual(8)
    expect(pages.flatMap(brokenLinks)).toEqual([])
  })

  it('number the decisions without gaps', () => {
    const numbers = pages.flatMap((page) => /^docs\/decisions\/(\d{4})-/.exec(page)?.[1] ?? [])
    expect(numbers.map(Number)).toEqual(numbers.map((_, index) => index + 1))
  })

  it('name only npm scripts that exist', () => {
    const named = pages.flatMap((page) =>
      codeOf(textOf(page)).flatMap((line) =>
        [...line.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(start|test)\b)/g)].map(([, run, short]) => ({
          page,
          script: (run ?? short)!,
        })),
      ),
    )
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter(({ script }) => !(script in scripts))).toEqual([])
  })

  it('name only commands and options that the command line has', () => {
    const named = new Map<string, Set<string>>()
    for (const page of pages.filter((page) => page === 'README.md' || page.startsWith('docs/'))) {
      for (const line of codeOf(textOf(page))) {
        for (const [, command, rest] of line.matchAll(
          /\bmillwright ([a-z]+(?:-[a-z]+)*(?: (?:verify|log|create|list|remove|promote|make|add|change)\b)?)([^;|&#]*)/g,
        )) {
          const options = named.get(command!) ?? new Set()
          // What stands behind `--` belongs to the program that is run.
          for (const [option] of rest!.split(' -- ')[0]!.matchAll(/--[a-z][a-z-]+/g)) options.add(option)
          named.set(command!, options)
        }
      }
    }
    expect([...named.keys()]).toEqual(expect.arrayContaining(['up', 'init', 'plan', 'apply', 'run', 'audit verify']))
    const wrong: string[] = []
    for (const [words, options] of named) {
      const command = commandOf(words)
      if (!command) {
        wrong.push(`there is no \`millwright ${words}\``)
        continue
      }
      const known = new Set(['--help', ...command.options.flatMap(({ long }) => long ?? [])])
      for (const option of options) if (!known.has(option)) wrong.push(`\`millwright ${words}\` has no ${option}`)
    }
    expect(wrong).toEqual([])
  })
})
