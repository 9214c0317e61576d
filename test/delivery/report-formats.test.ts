import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type CheckReport, type CiReport, ciChecks } from '../../src/contract/ci.ts'
import { junitXml } from '../../src/domain/delivery/reports/junit.ts'
import { sarif } from '../../src/domain/delivery/reports/sarif.ts'

const python = process.env.MILLWRIGHT_PYTHON ?? fileURLToPath(new URL('../../.venv/bin/python', import.meta.url))

/** Says of each log what the schema has against it. The schema is that of the standard's authors, as their package for tests carries it. */
const bySchema = `import hashlib, json, os, sys
from jsonschema import validators
text = open(os.path.join(sys.prefix, 'share', 'sarif-2.1.0.json'), 'rb').read()
assert hashlib.sha256(text).hexdigest() == '2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8', 'another schema'
schema = json.loads(text)
kind = validators.validator_for(schema)
kind.check_schema(schema)
validator = kind(schema)
json.dump([[f'{error.json_path}: {error.message}' for error in validator.iter_errors(log)] for log in json.load(sys.stdin)], sys.stdout)`

/** Reads each document, and says what it found there. */
const byJunitParser = `import json, sys
from junitparser import JUnitXml, Failure, Skipped
found = []
for text in json.load(sys.stdin):
    suites = JUnitXml.fromstring(text.encode('utf-8', 'replace'))
    [suite] = suites
    cases = [[case.name, [type(each).__name__ for each in case.result]] for case in suite]
    found.append({'tests': suite.tests, 'failures': suite.failures, 'skipped': suite.skipped, 'cases': cases})
json.dump(found, sys.stdout)`

const whyNot = (script: string): string | null => {
  try {
    execFileSync(python, ['-c', script], { input: '[]', stdio: ['pipe', 'ignore', 'ignore'] })
    return null
  } catch {
    return 'needs a Python with test/golden/requirements.txt and share/sarif-2.1.0.json, which .ci/run puts into .venv, or where $MILLWRIGHT_PYTHON says'
  }
}
const reason = whyNot(bySchema) ?? whyNot(byJunitParser)
const ask = (script: string, input: unknown): unknown =>
  JSON.parse(
    execFileSync(python, ['-c', script], { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 64 << 20 }),
  )

const text = fc.string({ unit: 'binary', maxLength: 30 })
const finding = fc.record(
  {
    level: fc.constantFrom('error' as const, 'warning' as const),
    place: text,
    message: text,
    mend: text,
    file: fc.constantFrom('a file.ts', '../above.ts', 'deep/er.ts', 'ü%.ts'),
    line: fc.integer({ min: 1, max: 9999 }),
  },
  { requiredKeys: ['level', 'place', 'message', 'mend'] },
)
const checkReport = (check: CheckReport['check']): fc.Arbitrary<CheckReport> =>
  fc
    .record({
      outcome: fc.constantFrom('passed', 'failed', 'skipped'),
      summary: text,
      findings: fc.array(finding, { maxLength: 3 }),
    })
    .map(({ outcome, summary, findings }) => ({
      check,
      outcome,
      summary,
      findings: outcome === 'failed' ? [{ level: 'error', place: 'x', message: 'm', mend: 'n' }, ...findings] : [],
      figures: { 'p99 ms': 3.5 },
      seconds: 1.25,
    }))
const reports = fc.sample(
  fc.tuple(...ciChecks.map(checkReport)).map(
    (checks): CiReport => ({
      project: 'a shop & <more>',
      definitionHash: null,
      commit: null,
      branch: null,
      dirty: null,
      millwright: '1.2.3-rc.1',
      full: false,
      outcome: checks.some(({ outcome }) => outcome === 'failed') ? 'failed' : 'passed',
      checks,
      models: [],
      golden: {},
      seconds: 12,
    }),
  ),
  { numRuns: 60, seed: 7 },
)

it('SARIF is what its schema asks for, whatever was found', ({ skip }) => {
  if (reason) return skip(reason)
  const logs = reports.map((report, nth) => sarif(report, nth % 2 === 0 ? '' : 'projects/my shop'))
  expect(logs.some((log) => JSON.stringify(log).includes('"results":[{'))).toBe(true)
  const broken = structuredClone(logs[0]) as { runs: { columnKind: string }[] }
  broken.runs[0]!.columnKind = 'letters'
  const said = ask(bySchema, [...logs, broken]) as string[][]
  expect(said.slice(0, -1).flat()).toEqual([])
  expect(said.at(-1)).toEqual([expect.stringContaining('$.runs[0].columnKind')])
}, 60_000)

it('JUnit XML is read by others as it was meant', ({ skip }) => {
  if (reason) return skip(reason)
  const words = { passed: [], failed: ['Failure'], skipped: ['Skipped'] }
  const count = ({ checks }: CiReport, wanted: CheckReport['outcome']): number =>
    checks.filter(({ outcome }) => outcome === wanted).length
  expect(ask(byJunitParser, reports.map(junitXml))).toEqual(
    reports.map((report) => ({
      tests: report.checks.length,
      failures: count(report, 'failed'),
      skipped: count(report, 'skipped'),
      cases: report.checks.map(({ check, outcome }) => [check, words[outcome]]),
    })),
  )
}, 60_000)
