import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { python } from '../../test/clients/mlflow.ts'
import { callers, manyCallers, medianMs, megabytesASecond, newRun, rate, send, sendForBytes } from './load.ts'

export interface Amounts {
  /** Of the long history. */
  points: number
  /** For each rate. */
  seconds: number
  artifactMb: number
  /** One answer that takes longer ends its measure. */
  patienceMs: number
}

/** A server under measurement, and runs of it: one with the long history, and some that are written to. */
export interface Server {
  address: string
  long: string
  some: readonly string[]
}

/** Rates are better when they are more, times when they are less. */
export interface Measure {
  name: string
  unit: 'ms' | 'a second' | 'MB a second'
  of(server: Server): Promise<number>
}

const searches = {
  'list, newest 100': {},
  'list, newest 1000': { max_results: 1000 },
  'filtered by metric and param': { filter: "metrics.accuracy > 0.9 AND params.lr = '0.1'" },
  'ordered by a metric': { order_by: ['metrics.accuracy DESC'] },
  'filtered by tag, ordered by metric': { filter: "tags.team = 'a'", order_by: ['metrics.loss ASC'] },
}

async function wholeHistory({ address, long }: Server, { points, patienceMs }: Amounts): Promise<void> {
  let token = ''
  let count = 0
  do {
    const page = (await send(
      address,
      'GET',
      `/metrics/get-history?run_id=${long}&metric_key=curve&max_results=25000&page_token=${token}`,
      undefined,
      patienceMs,
    )) as { metrics?: unknown[]; next_page_token?: string }
    count += page.metrics?.length ?? 0
    token = page.next_page_token ?? ''
  } while (token)
  if (count !== points) throw new Error(`${count} points in place of ${points}`)
}

/** What is asked at every number of runs. */
export function measuresOfSize({ seconds, patienceMs }: Amounts): Measure[] {
  return [
    ...Object.entries(searches).map(
      ([name, asked]): Measure => ({
        name,
        unit: 'ms',
        of: ({ address }) =>
          medianMs(5, patienceMs, () =>
            sendForBytes(
              address,
              'POST',
              '/runs/search',
              { experiment_ids: ['0'], max_results: 100, ...asked },
              patienceMs,
            ),
          ),
      }),
    ),
    {
      name: 'one run',
      unit: 'ms',
      of: ({ address, long }) => medianMs(20, patienceMs, () => send(address, 'GET', `/runs/get?run_id=${long}`)),
    },
    { name: 'runs created', unit: 'a second', of: ({ address }) => rate(seconds, () => newRun(address)) },
    {
      name: 'single metrics',
      unit: 'a second',
      of: ({ address, some }) =>
        rate(seconds, (step) =>
          send(address, 'POST', '/runs/log-metric', {
            run_id: some[step % callers],
            key: 'm',
            value: step / 7,
            timestamp: step,
            step,
          }),
        ),
    },
    {
      name: 'batches of 100 metrics',
      unit: 'a second',
      of: ({ address, some }) =>
        rate(seconds, (step) =>
          send(address, 'POST', '/runs/log-batch', {
            run_id: some[step % callers],
            metrics: Array.from({ length: 100 }, (_, place) => ({
              key: `n${place % 10}`,
              value: place / 7,
              timestamp: step,
              step: step * 10 + Math.floor(place / 10),
            })),
          }),
        ),
    },
    {
      name: `single metrics of ${manyCallers} writers`,
      unit: 'a second',
      of: ({ address, some }) =>
        rate(
          seconds,
          (step) =>
            send(address, 'POST', '/runs/log-metric', {
              run_id: some[step % callers],
              key: `w${step % manyCallers}`,
              value: step / 7,
              timestamp: step,
              step,
            }),
          manyCallers,
        ),
    },
  ]
}

/** What does not hang on the number of runs, but for the client's own list. */
export function measuresOnce(amounts: Amounts): Measure[] {
  const { artifactMb, points } = amounts
  const artifact = ({ address, some }: Server): string =>
    `${address}/api/2.0/mlflow-artifacts/artifacts/0/${some[0]}/artifacts/large.bin`
  return [
    {
      name: `history of ${points.toLocaleString('en')} points`,
      unit: 'ms',
      of: (server) => medianMs(0, 0, () => wholeHistory(server, amounts)),
    },
    ...(['PUT', 'GET'] as const).map(
      (method): Measure => ({
        name: `artifact of ${artifactMb} MB ${method === 'PUT' ? 'up' : 'down'}`,
        unit: 'MB a second',
        of: (server) => megabytesASecond(artifact(server), method, artifactMb),
      }),
    ),
    ...['log_metric', 'log_batch', 'run', 'search_runs'].map(
      (what): Measure => ({
        name: `the client: ${what}`,
        unit: what === 'search_runs' ? 'ms' : 'a second',
        of: async ({ address }) => {
          const script = fileURLToPath(new URL('client.py', import.meta.url))
          const said = execFileSync(python, [script, address, String(amounts.seconds), what], {
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'ignore'],
          })
          return Number(said.trim().split('\n').at(-1))
        },
      }),
    ),
  ]
}
