import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CiReport, ModelFacts } from '../../../contract/ci.ts'
import { compareReports } from './comparison.ts'
import { junitXml } from './junit.ts'
import { markdown } from './markdown.ts'
import { sarif } from './sarif.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0

const report = (more: Partial<CiReport> = {}): CiReport => ({
  project: 'shop',
  definitionHash: null,
  commit: 'a'.repeat(40),
  branch: 'main',
  dirty: false,
  millwright: '1.0.0',
  full: false,
  outcome: 'failed',
  checks: [
    {
      check: 'data',
      outcome: 'failed',
      summary: 'too dear',
      findings: [
        { level: 'error', place: 'datasets.orders.columns.price', message: 'too <dear> & "odd"', mend: 'mend it' },
        { level: 'warning', place: 'datasets.orders', message: 'few', mend: 'more', file: 'a file.ts', line: 3 },
      ],
      figures: { 'price p99 ms': 3 },
      seconds: 1,
    },
    { check: 'load', outcome: 'skipped', summary: 'the data did not pass', findings: [], figures: {}, seconds: 0 },
  ],
  models: [],
  golden: {},
  seconds: 2,
  ...more,
})

const facts = (scores: number[], more: Partial<ModelFacts> = {}): ModelFacts => ({
  model: 'dear',
  modelHash: scores.join(),
  bytes: 1000,
  inputs: ['price'],
  trainedRows: 100,
  metrics: {},
  baseline: null,
  verdicts: [],
  trainSeconds: 1,
  rows: scores.map((score, row) => ({ key: `k${row}`, score, segments: { half: row % 2 === 0 ? 'even' : 'odd' } })),
  ...more,
})

describe('JUnit', () => {
  it.skipIf(!hasPython)('is XML whatever the texts hold (skipped without Python, whose parser reads it)', () => {
    const texts = fc.sample(fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 3, maxLength: 3 }), {
      numRuns: 50,
      seed: 1,
    })
    const documents = texts.map(([message, mend, place]) =>
      junitXml(
        report({
          checks: [
            {
              check: 'data',
              outcome: 'failed',
              summary: message!,
              findings: [{ level: 'error', place: place!, message: message!, mend: mend! }],
              figures: {},
              seconds: 0,
            },
          ],
        }),
      ),
    )
    const script = `import json, sys, xml.etree.ElementTree as tree
for text in json.load(sys.stdin):
  suites = tree.fromstring(text.encode('utf-8', 'replace'))
  assert suites.find('testsuite/testcase/failure') is not None`
    const { status, stderr } = spawnSync('python3', ['-c', script], {
      input: JSON.stringify(documents),
      encoding: 'utf8',
    })
    expect(`${status} ${stderr}`).toBe('0 ')
  })

  it('counts, and says what was skipped and why', () => {
    const xml = junitXml(report())
    expect(xml).toContain('tests="2" failures="1" errors="0" skipped="1"')
    expect(xml).toContain('<skipped message="the data did not pass"/>')
    expect(xml).toContain('too &lt;dear&gt; &amp; &quot;odd&quot;')
  })
})

it('SARIF names files from the root of the repository, and every result has its rule', () => {
  const log = sarif(report(), 'projects/my shop') as {
    runs: { tool: { driver: { rules: { id: string }[] } }; results: { ruleId: string; ruleIndex: number }[] }[]
  }
  const [run] = log.runs
  for (const { ruleId, ruleIndex } of run!.results) expect(run!.tool.driver.rules[ruleIndex]!.id).toBe(ruleId)
  expect(run!.results).toMatchObject([
    {
      level: 'error',
      locations: [{ physicalLocation: { artifactLocation: { uri: 'projects/my%20shop/millwright.config.ts' } } }],
    },
    {
      level: 'warning',
      locations: [
        { physicalLocation: { artifactLocation: { uri: 'projects/my%20shop/a%20file.ts' }, region: { startLine: 3 } } },
      ],
    },
  ])
})

describe('comparison', () => {
  const tasks = new Map([['dear', 'binary' as const]])
  const figure = (value: number) => ({ value, low: null, high: null, rows: 4 })

  it('compares predictions on the rows that both had, by segment, and counts those that moved', () => {
    const before = report({
      models: [facts([0.1, 0.2, 0.3, 0.4], { metrics: { auc: figure(0.7), log_loss: figure(0.5) } })],
    })
    const now = facts([0.1, 0.5, 0.3, 0.41, 0.9], {
      inputs: ['items'],
      metrics: { auc: figure(0.6), log_loss: figure(0.4) },
    })
    const comparison = compareReports(before, report({ models: [now] }), 'main', tasks)
    const [model] = comparison.models
    expect(model!.metrics).toEqual([
      { metric: 'auc', before: 0.7, after: 0.6, better: false },
      { metric: 'log_loss', before: 0.5, after: 0.4, better: true },
    ])
    expect([model!.inputsAdded, model!.inputsRemoved]).toEqual([['items'], ['price']])
    const [all, even, odd] = model!.predictions
    expect(all).toMatchObject({ rows: 4, moved: 0.25 })
    expect(all!.before).toBeCloseTo(0.25)
    expect(all!.after).toBeCloseTo(0.3275)
    expect(even).toMatchObject({ segment: 'half', part: 'even', rows: 2, moved: 0 })
    expect(odd).toMatchObject({ part: 'odd', rows: 2, moved: 0.5 })
    const text = markdown(report({ models: [now] }), comparison, null)
    expect(text).toContain('| auc | 0.7000 | 0.6000 | −0.1000 | worse |')
    expect(text).toContain('Inputs: + `items`, − `price`')
    expect(text).toContain('25.0 % moved')
  })

  it('says so when a model is the same, is new, is gone, or shares no row', () => {
    const before = report({ models: [facts([0.1]), facts([0.2], { model: 'gone' })] })
    const after = report({ models: [facts([0.1]), facts([0.2], { model: 'new' })] })
    const comparison = compareReports(before, after, 'main', tasks)
    expect(comparison).toMatchObject({ modelsAdded: ['new'], modelsRemoved: ['gone'], models: [{ isSame: true }] })
    expect(markdown(after, comparison, null)).toContain('**dear** is the same, byte for byte.')
    const strangers = report({
      models: [facts([0.3, 0.4])].map((each) => ({
        ...each,
        rows: each.rows.map((row) => ({ ...row, key: `x${row.key}` })),
      })),
    })
    expect(markdown(after, compareReports(before, strangers, 'main', tasks), null)).toContain(
      'No row is in both samples',
    )
  })
})
