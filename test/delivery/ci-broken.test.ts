import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { type CiCheck, ciChecks } from '../../src/contract/ci.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { runCi } from '../../src/server/ci/run-ci.ts'
import { openWorkbenchHere } from './workbench-here.ts'

const folder = fileURLToPath(new URL('../../examples/broken', import.meta.url))

/** What each project has wrong with it: the one check that may fail, where, and what the message and the mend must speak of. */
interface Planted {
  check: CiCheck
  place: string
  /** Without it, the configuration. */
  file?: string
  /** What stands on the line that is named; without it, a file that has no lines of its own to name. */
  line?: RegExp
  message: RegExp
  mend: RegExp
}
const planted: Record<string, Planted> = {
  types: {
    check: 'types',
    place: 'millwright.config.ts',
    line: /hold: 12/,
    message: /TS2322.*'number'.*'Duration'/,
    mend: /Mend the line/,
  },
  definition: {
    check: 'definition',
    place: 'endpoints.returns.rollout.steps',
    line: /endpoint\('returns'/,
    message: /\[0.5, 0.1\] do not rise to 1/,
    mend: /\[0.1, 0.5, 1\]/,
  },
  'definition-twice': {
    check: 'definition',
    place: 'datasets.orders.expectations.2',
    line: /orders: settled/,
    message: /"between" of "price" is stated twice/,
    mend: /Leave one/,
  },
  data: {
    check: 'data',
    place: 'datasets.orders.columns.price',
    line: /price: number/,
    message: /orders.csv is refused: "price" is not between 1 and 500 in \d+ of 1500 rows/,
    mend: /Mend the data/,
  },
  features: {
    check: 'features',
    place: 'datasets.orders.columns.per_item',
    line: /per_item: c.price.dividedBy/,
    message: /no value for a legal row: .*"items":0/,
    mend: /divisor that may be 0/,
  },
  'features-future': {
    check: 'features',
    place: 'models.returns.inputs.shop_history_returns_7d',
    line: /returns: returnsOf/,
    message: /"returned".*learn from the future/,
    mend: /knownAt\('…', 'returned'\)/,
  },
  'features-test': {
    check: 'features',
    place: 'discount.test.ts',
    file: 'discount.test.ts',
    line: /a fifth off ten/,
    message: /a fifth off ten is eight.*9\.8/,
    mend: /Mend the code/,
  },
  pipeline: {
    check: 'pipeline',
    place: 'pipelines.reports.steps.counted',
    line: /'reports'|'counted'/,
    message: /without the artifact orders.json.*it left report.json/,
    mend: /Mend the step/,
  },
  'pipeline-fit': {
    check: 'pipeline',
    place: 'pipelines.by-shop.steps.each',
    line: /'each'|'by-shop'/,
    message: /steps.listed.names, which is not there/,
    mend: /what the steps before it hand on/,
  },
  training: {
    check: 'training',
    place: 'models.returns.training',
    line: /returns: returnsOf/,
    message: /has learnt nothing|cannot learn/,
    mend: /learningRate/,
  },
  model: {
    check: 'model',
    place: 'models.basket.predicts',
    line: /predicts: orders.column\('items'\)/,
    message: /for a legal row, where the outcome lies between/,
    mend: /trees, which do not run beyond/,
  },
  serving: {
    check: 'serving',
    place: 'endpoints.returns',
    file: 'golden.json',
    message: /golden.json has recorded is refused: .*"category"/,
    mend: /Go on taking what callers send/,
  },
  load: {
    check: 'load',
    place: 'endpoints.returns.budget.p99Ms',
    line: /p99Ms: 0.01/,
    message: /with 8 callers, the budget 0.01 ms/,
    mend: /widen the budget/,
  },
}

const withoutTypes = ciChecks.filter((check) => check !== 'types')

async function checksOf(name: string, only: readonly CiCheck[] | null) {
  const { definition, projectDir } = await loadProject(`${folder}/${name}`)
  const report = await runCi({
    projectDir,
    definition,
    loadFault: null,
    full: false,
    strict: false,
    only,
    dataDir: projectDir,
    golden: null,
    timeoutMs: 240_000,
    onProgress: () => undefined,
    // That it works in processes of its own is seen to by the tests of the command.
    openWorkbench: openWorkbenchHere,
  })
  return { report, projectDir }
}

it('has an example for every check, and every example is looked at', () => {
  expect(new Set(Object.values(planted).map(({ check }) => check))).toEqual(new Set(ciChecks))
  const examples = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(examples.map(({ name }) => name).sort()).toEqual([...Object.keys(planted), 'healthy'].sort())
})

it('finds nothing where nothing is wrong', async () => {
  const { report } = await checksOf('healthy', null)
  expect(report.checks.flatMap(({ findings }) => findings)).toEqual([])
  expect(report.checks.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual(
    ciChecks.map((check) => `${check} passed`),
  )
}, 300_000)

for (const [name, wanted] of Object.entries(planted)) {
  it(`finds the fault of ${name} by the right check, with its place and the mend`, async () => {
    // That the others compile is seen to by the compiler of this repository.
    const { report, projectDir } = await checksOf(name, name === 'types' ? null : withoutTypes)
    const failed = report.checks.filter(({ outcome }) => outcome === 'failed')
    expect(failed.map(({ check, summary }) => ({ check, summary }))).toEqual([
      { check: wanted.check, summary: expect.stringMatching(wanted.message) },
    ])
    expect(report.outcome).toBe('failed')
    const findings = failed[0]!.findings.filter(({ level }) => level === 'error')
    expect(new Set(findings.map(({ place }) => place))).toEqual(new Set([wanted.place]))
    expect(findings[0]!.mend).toMatch(wanted.mend)
    // The place is in the folder of the fault, and not in what the examples share.
    const { file, line } = findings[0]!
    expect(file).toBe(wanted.file ?? 'millwright.config.ts')
    const lines = (await readFile(`${projectDir}/${file}`, 'utf8')).split('\n')
    if (wanted.line) expect(lines[line! - 1]).toMatch(wanted.line)
  }, 300_000)
}
