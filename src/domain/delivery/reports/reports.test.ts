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
  threshold: 0.5,
  rows: scores.map((score, row) => ({
    key: `k${row}`,
    target: row % 2,
    score,
    segments: { half: row % 2 === 0 ? 'even' : 'odd' },
  })),
  ...more,
})

/** Share of pairs of a positive and a negative that are in the right order. */
function aucOf(scores: number[]): number {
  const pairs = scores.flatMap((high, i) =>
    scores.flatMap((low, j) => (i % 2 === 1 && j % 2 === 0 ? [high > low] : [])),
  )
  return pairs.filter(Boolean).length / pairs.length
}

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
    expect(model!.metrics).toMatchObject([
      { metric: 'auc', before: 0.7, after: 0.6, better: false, paired: { rows: 4, isWorse: false } },
      { metric: 'log_loss', before: 0.5, after: 0.4, better: true },
    ])
    expect([model!.inputsAdded, model!.inputsRemoved]).toEqual([['items'], ['price']])
    const [auc, loss] = model!.metrics
    expect(auc!.paired!.difference).toBeCloseTo(aucOf([0.1, 0.5, 0.3, 0.41]) - aucOf([0.1, 0.2, 0.3, 0.4]), 12)
    const lossOf = (scores: number[]): number =>
      -scores.reduce((sum, score, row) => sum + Math.log(row % 2 === 1 ? score : 1 - score), 0) / scores.length
    expect(loss!.paired!.difference).toBeCloseTo(lossOf([0.1, 0.5, 0.3, 0.41]) - lossOf([0.1, 0.2, 0.3, 0.4]), 12)
    const [all, even, odd] = model!.predictions
    expect(all).toMatchObject({ rows: 4, moved: 0.25, differs: 0.5, largest: 0.3 })
    expect(all!.before).toBeCloseTo(0.25)
    expect(all!.after).toBeCloseTo(0.3275)
    expect(even).toMatchObject({ segment: 'half', part: 'even', rows: 2, moved: 0 })
    expect(odd).toMatchObject({ part: 'odd', rows: 2, moved: 0.5 })
    const text = markdown(report({ models: [now] }), comparison, null)
    expect(text).toMatch(/\| auc \| 0\.7000 \| 0\.6000 \| −0\.1000 \(−0\.\d+ … \+0\.\d+\) \| worse \|/)
    expect(text).toContain('Inputs: + `items`, − `price`')
    expect(text).toContain('25.0 % moved')
  })

  it('tells a metric that fell beyond chance from one that wavers, and rows whose outcome is another', () => {
    const rows = 400
    const scores = Array.from({ length: rows }, (_, row) => (((row * 7919) % 97) + (row % 2) * 60) / 160)
    const blunt = scores.map((score, row) => (row % 2 === 1 && row % 5 === 0 ? 0.05 : score))
    const wavering = scores.map((score, row) => score + ((row * 31) % 7) * 1e-4)
    const measured = { metrics: { auc: figure(0.8) } }
    const pairedOf = (after: number[]) => {
      const [before, now] = [
        report({ models: [facts(scores, measured)] }),
        report({ models: [facts(after, measured)] }),
      ]
      return compareReports(before, now, 'main', tasks).models[0]!.metrics[0]!.paired!
    }
    expect(pairedOf(blunt)).toMatchObject({ isWorse: true, rows })
    expect(pairedOf(blunt).high).toBeLessThan(0)
    expect(pairedOf(wavering).isWorse).toBe(false)
    expect(pairedOf(scores)).toEqual({ difference: 0, low: 0, high: 0, rows, isWorse: false })
    const turned = facts(scores, measured)
    const other = {
      ...turned,
      rows: turned.rows.map((row, at) => ({ ...row, target: at < 3 ? 1 - row.target! : row.target })),
    }
    const [model] = compareReports(report({ models: [turned] }), report({ models: [other] }), 'main', tasks).models
    expect(model).toMatchObject({ relabelled: 3, metrics: [{ paired: { rows: rows - 3 } }] })
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
