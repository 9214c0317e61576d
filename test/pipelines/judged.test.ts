import { copyFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Evaluation, Verdict } from '../../src/contract/model.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { atLeast, beats, command, judged, segment } from '../../src/sdk/index.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from '../delivery/shop.ts'

const names = ['cat', 'dog', 'eel']
/** Rows of three classes in two regions: the model is right in three of four in the north, in half of the south. */
const rows = Array.from({ length: 800 }, (_, at) => {
  const target = at % 3
  const region = at % 2 === 0 ? 'north' : 'south'
  const place = Math.floor(at / 2)
  const isRight = region === 'north' ? place % 4 !== 0 : place % 2 === 0
  const said = isRight ? target : (target + 1) % 3
  return { target, region, scores: names.map((_, each) => (each === said ? 0.7 : 0.15)) }
})
const csv = (change: (row: (typeof rows)[number], at: number) => (string | number)[], heads: string[]) =>
  `${heads.join(',')}\n${rows.map((row, at) => change(row, at).join(',')).join('\n')}\n`
const heads = ['target', ...names.map((each) => `score_${each}`), ...names.map((each) => `baseline_${each}`), 'region']
const scored = csv(
  ({ target, region, scores }) => [names[target]!, ...scores, ...names.map(() => 1 / 3), region],
  heads,
)
const files = {
  'good.csv': scored,
  'foreign.csv': scored.replace('\ndog,', '\nfox,'),
  'half.csv': scored.replace('0.7,0.15,0.15', '0.2,0.15,0.15'),
  'few.csv': csv(({ target }) => [names[target]!, 1], ['target', 'score_cat']),
}
const fit = `
const fs = await import('node:fs')
const { MLFLOW_TRACKING_URI: at, MLFLOW_RUN_ID: run_id, MLFLOW_TRACKING_TOKEN: token, MILLWRIGHT_ARTIFACTS: left } = process.env
const dataset = { name: 'animals', digest: 'a1', source_type: 'local', source: '{}' }
await fetch(at + '/api/2.0/mlflow/runs/log-inputs', { method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer ' + token }, body: JSON.stringify({ run_id, datasets: [{ dataset, tags: [] }] }) })
for (const name of fs.readdirSync('left')) fs.copyFileSync('left/' + name, left + '/' + name)
`

let folder: string
let server: RunningServer
let client: Client
beforeAll(async () => {
  folder = await projectFolder({
    'package.json': '{"type": "module"}',
    'fit.mjs': fit,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`left/${name}`, text])),
  })
  await copyFile(fileURLToPath(new URL('../golden/linear.onnx', import.meta.url)), join(folder, 'left/model.onnx'))
  await writeFile(
    join(folder, 'millwright.config.ts'),
    `import { atLeast, beats, command, defineProject, judged, pipeline, registered, segment } from 'millwright'
const fit = command('fit', [], [${JSON.stringify(process.execPath)}, 'fit.mjs'], { code: ['left'] })
const of = (scores, gates) => judged('judge', fit, { task: 'multiclass', scores, segments: ['region'], gates })
const passes = [atLeast('accuracy', 0.6), beats('baseline').on('accuracy').by(0.1), segment('region').on('accuracy').within(0)]
const tried = (name, scores, gates = []) => pipeline(name, { steps: [of(scores, gates)] })
export default defineProject('zoo', { pipelines: [
  pipeline('good', { steps: [registered('register', of('good.csv', passes), { model: 'animals', file: 'model.onnx', deploy: false })] }),
  tried('strict', 'good.csv', [atLeast('accuracy', 0.7)]),
  tried('foreign', 'foreign.csv'), tried('half', 'half.csv'), tried('few', 'few.csv'),
] })
`,
  )
  server = await startServer({ home: join(folder, '.millwright'), host: '127.0.0.1', port: 0, logLevel: 'silent' })
  client = createClient(server.address)
  await applyFolder(client, folder)
}, 60_000)
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

const ran = async (pipeline: string) => {
  const { run, steps } = await client.startRun({ body: { pipeline, params: {}, wait: true } })
  return { run, steps: Object.fromEntries(steps.map((step) => [step.step, step])) }
}
const judgement = (output: unknown) => output as { evaluation: Evaluation; verdicts: Verdict[]; passed: boolean }
const share = (some: typeof rows) => some.filter(({ target, scores }) => scores[target] === 0.7).length / some.length

it('a model of several classes is judged by its scores, and by the parts that are stated', async () => {
  const { run, steps } = await ran('good')
  expect(run.error).toBeNull()
  const { evaluation, verdicts, passed } = judgement(steps.judge!.output)
  expect(verdicts.map((each) => each.passed)).toEqual([true, true, true])
  expect(passed).toBe(true)
  const loss = rows.reduce((sum, { target, scores }) => sum - Math.log(scores[target]!), 0) / rows.length
  expect(evaluation.candidate.accuracy).toMatchObject({ value: share(rows), rows: 800 })
  expect(evaluation.candidate.log_loss!.value).toBeCloseTo(loss, 9)
  expect(evaluation.baseline!.log_loss!.value).toBeCloseTo(Math.log(3), 9)
  for (const region of ['north', 'south'])
    expect(evaluation.segments.region![region]!.candidate.accuracy).toMatchObject({
      value: share(rows.filter((row) => row.region === region)),
      rows: 400,
    })
  expect((await client.modelVersion({ params: { model: 'animals', version: '1' } })).version).toMatchObject({
    state: 'registered',
    runId: run.id,
    evaluation: { candidate: { accuracy: { value: share(rows) } } },
  })

  const strict = judgement((await ran('strict')).steps.judge!.output)
  expect(strict).toMatchObject({ passed: false, verdicts: [{ passed: false, bound: 0.7 }] })
}, 60_000)

it('what its program logged that it read stands in the lineage of the version', async () => {
  const { nodes, edges } = await client.versionLineage({ params: { model: 'animals', version: '1' } })
  const kinds = new Map(nodes.map(({ id, kind, title }) => [id, `${kind} ${title}`]))
  expect(edges.map(({ from, to }) => [kinds.get(from), kinds.get(to)])).toEqual(
    expect.arrayContaining([
      ['logged dataset animals', 'tracked run fit'],
      ['tracked run fit', 'run good'],
      ['run good', 'model version animals@1'],
    ]),
  )
})

it.each([
  ['foreign', 'the column target of foreign.csv has the class fox in row 2'],
  ['half', 'the column score_cat of half.csv and the others of its row 7 add up to 0.500, not to 1'],
  ['few', 'the column score_… of few.csv is not there for two classes or more'],
])(
  'scores that are none are refused with the place: %s',
  async (pipeline, message) => {
    const { steps } = await ran(pipeline)
    expect(steps.judge).toMatchObject({ state: 'failed', error: expect.stringContaining(message) })
  },
  60_000,
)

it('gates are of the metrics of the task and of the segments that are stated', () => {
  const made = command('fit', [], ['python', 'fit.py'])
  const of = (gates: unknown[], segments?: string[]) => () =>
    judged('judge', made, {
      task: 'multiclass',
      scores: 's.csv',
      gates: gates as [],
      ...(segments ? { segments } : {}),
    })
  expect(of([segment('region').on('accuracy').within(0.1)])).toThrow('the scores have no segment "region"')
  expect(of([], ['target'])).toThrow('"target" is a column of its own')
  const several = { task: 'multiclass', scores: 's.csv' } as const
  judged('judge', made, { ...several, gates: [atLeast('accuracy', 0.5)] })
  judged('judge', made, { ...several, segments: ['region'], gates: [segment('region').on('accuracy').within(0.1)] })
  // @ts-expect-error it has no such metric
  judged('judge', made, { ...several, gates: [beats('baseline').on('auc').by(0.1)] })
  expect(() =>
    // @ts-expect-error it is stated with another name
    judged('judge', made, { ...several, segments: ['zone'], gates: [segment('region').on('accuracy').within(0.1)] }),
  ).toThrow('"region"')
})
