import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../../../contract/ci.ts'

const notLookedInto = new Set(['node_modules', 'dist', 'build', '.git', '.millwright'])
const mend = 'Mend the code or the test; run it alone to see more.'

export interface UnitTestRequest {
  projectDir: string
  /** Options of Node under which TypeScript and `millwright` load. */
  nodeOptions: readonly string[]
  signal?: AbortSignal
}

/** Runs the project's own tests: those that import vitest with the project's vitest, the others with Node's runner. */
export async function runUnitTests(request: UnitTestRequest): Promise<{ findings: Finding[]; tests: number }> {
  const files = await testFiles(request.projectDir)
  const ofVitest: string[] = []
  const ofNode: string[] = []
  for (const file of files) {
    const text = await readFile(file, 'utf8')
    ;(/from\s+['"]vitest['"]/.test(text) ? ofVitest : ofNode).push(file)
  }
  const results = await Promise.all([
    ofNode.length > 0 ? withNode(request, ofNode) : none,
    ofVitest.length > 0 ? withVitest(request, ofVitest) : none,
  ])
  return {
    findings: results.flatMap(({ findings }) => findings),
    tests: results.reduce((sum, { tests }) => sum + tests, 0),
  }
}

const none = { findings: [] as Finding[], tests: 0 }

async function testFiles(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isFile() && /\.test\.ts$/.test(entry.name)) found.push(path)
    // A folder with a configuration of its own is another project.
    if (entry.isDirectory() && !notLookedInto.has(entry.name) && !isProject(path))
      found.push(...(await testFiles(path)))
  }
  return found.sort()
}

const isProject = (folder: string): boolean => existsSync(join(folder, 'millwright.config.ts'))

async function withNode(
  { projectDir, nodeOptions, signal }: UnitTestRequest,
  files: string[],
): Promise<{ findings: Finding[]; tests: number }> {
  const { failed, said } = await run([...nodeOptions, '--test', '--test-reporter=tap', ...files], projectDir, signal)
  const tests = Number(/^# tests (\d+)/m.exec(said)?.[1] ?? 0)
  const findings: Finding[] = []
  const lines = said.split('\n')
  for (const [place, line] of lines.entries()) {
    const name = /^\s*not ok \d+ - (.*)$/.exec(line)?.[1]
    if (name === undefined) continue
    const end = lines.findIndex((each, at) => at > place && /^\s*\.\.\.$/.test(each))
    const detail = lines.slice(place, end < 0 ? undefined : end).join('\n')
    // A file fails because a test in it does; that one is told.
    if (/failureType: 'subtestsFailed'/.test(detail)) continue
    const at = /location: '(.+):(\d+):\d+'/.exec(detail)
    const why =
      /error: \|-\n((?:\s{4,}.*\n?)+)/.exec(detail)?.[1]?.replace(/\s+/g, ' ').trim() ??
      /error: '?(.*?)'?$/m.exec(detail)?.[1] ??
      'it failed'
    const file = at ? pathOf(at[1]!) : files[0]!
    findings.push(testFinding(projectDir, name, why, file, await lineOf(file, name)))
  }
  if (failed && findings.length === 0)
    findings.push(testFinding(projectDir, 'the tests', said.trim().slice(-400), files[0]!))
  return { findings, tests }
}

/** Where a file names a test: the runner tells a line of the compiled code. */
async function lineOf(file: string, test: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const line = text.split('\n').findIndex((each) => each.includes(test))
  return line < 0 ? undefined : line + 1
}

const pathOf = (location: string): string => (location.startsWith('file:') ? fileURLToPath(location) : location)

interface VitestReport {
  numTotalTests: number
  testResults: {
    name: string
    message?: string
    assertionResults: {
      status: string
      fullName: string
      failureMessages?: string[]
      location?: { line: number } | null
    }[]
  }[]
}

async function withVitest(
  { projectDir, signal }: UnitTestRequest,
  files: string[],
): Promise<{ findings: Finding[]; tests: number }> {
  let program: string
  try {
    program = join(
      dirname(createRequire(join(projectDir, 'package.json')).resolve('vitest/package.json')),
      'vitest.mjs',
    )
  } catch {
    const finding = testFinding(projectDir, 'vitest', 'it is not installed in the project', files[0]!)
    return { findings: [{ ...finding, mend: 'Run `npm install --save-dev vitest`.' }], tests: 0 }
  }
  const options = ['run', '--reporter=json', '--includeTaskLocation', '--root', projectDir]
  const { failed, said } = await run([program, ...options, ...files], projectDir, signal)
  const text = said.slice(said.indexOf('{"'))
  let report: VitestReport
  try {
    report = JSON.parse(text.slice(0, text.lastIndexOf('}') + 1)) as VitestReport
  } catch {
    return {
      findings: failed ? [testFinding(projectDir, 'the tests', said.trim().slice(-400), files[0]!)] : [],
      tests: 0,
    }
  }
  const findings = report.testResults.flatMap(({ name, message, assertionResults }) => {
    const broken = assertionResults.filter((each) => each.status === 'failed')
    if (broken.length === 0 && message) return [testFinding(projectDir, 'the file', message, name)]
    return broken.map(({ fullName, failureMessages, location }) =>
      testFinding(projectDir, fullName, failureMessages?.[0]?.split('\n')[0] ?? 'it failed', name, location?.line),
    )
  })
  return { findings, tests: report.numTotalTests }
}

function testFinding(projectDir: string, name: string, why: string, path: string, line?: number): Finding {
  const file = relative(projectDir, path).split(sep).join('/')
  return {
    level: 'error',
    place: file,
    file,
    ...(line ? { line } : {}),
    message: `test "${name}" fails: ${why}`,
    mend,
  }
}

function run(
  args: readonly string[],
  cwd: string,
  signal: AbortSignal | undefined,
): Promise<{ failed: boolean; said: string }> {
  // Within a test run of somebody else's, Node's runner would report to that.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
  return new Promise((resolve, reject) => {
    const options = { cwd, env, maxBuffer: 64 << 20, ...(signal ? { signal } : {}) }
    execFile(process.execPath, [...args], options, (error, stdout, stderr) => {
      if (signal?.aborted) reject(error)
      else resolve({ failed: error !== null, said: error && stdout === '' ? stderr : stdout })
    })
  })
}
