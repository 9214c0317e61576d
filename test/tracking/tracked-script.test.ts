import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { gitIn } from '../delivery/shop.ts'

const commandLine = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let folder: string
let server: RunningServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright script '))
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const run = (line: string[], env: NodeJS.ProcessEnv = {}) => {
  const child = spawn(
    process.execPath,
    ['--conditions=millwright-source', '--import', import.meta.resolve('tsx'), commandLine, 'run', '--', ...line],
    { cwd: join(folder, 'code'), env: { ...process.env, MILLWRIGHT_SERVER: server.address, ...env } },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  return { child, said: () => said, ended: once(child, 'exit').then(([code]) => code as number) }
}
const runs = async (experiment: string) => {
  const found = await fetch(`${server.address}/api/2.0/mlflow/experiments/get-by-name?experiment_name=${experiment}`)
  const { experiment_id } = ((await found.json()) as { experiment: { experiment_id: string } }).experiment
  const answer = await fetch(`${server.address}/api/2.0/mlflow/runs/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_ids: [experiment_id] }),
  })
  const { runs = [] } = (await answer.json()) as {
    runs?: { info: { run_name: string; status: string }; data: { tags: { key: string; value: string }[] } }[]
  }
  return runs.map(({ info, data }) => ({
    ...info,
    tags: Object.fromEntries(data.tags.map(({ key, value }) => [key, value])),
  }))
}

it('a program is tracked as it is; Ctrl-C ends it, and its run was killed', { timeout: 60_000 }, async () => {
  const code = join(folder, 'code')
  await mkdir(code)
  await writeFile(join(code, 'train.sh'), 'echo "logs to $MLFLOW_TRACKING_URI"; exit $1\n')
  const git = gitIn(code)
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'first')
  await writeFile(join(code, 'new file.txt'), '')
  const failing = run(['sh', 'train.sh', '3'], {
    MLFLOW_TRACKING_URI: 'http://127.0.0.1:9',
    MLFLOW_TRACKING_TOKEN: 'of another',
  })
  expect(await failing.ended).toBe(3)
  expect(failing.said()).toContain(`logs to ${server.address}\n`)
  expect(failing.said()).toMatch(/tracked as [0-9a-f]{32}/)
  expect(await runs('script')).toEqual([
    expect.objectContaining({
      run_name: 'train.sh',
      status: 'FAILED',
      tags: expect.objectContaining({
        'mlflow.source.name': 'sh train.sh 3',
        'mlflow.source.type': 'LOCAL',
        'millwright.command': 'sh train.sh 3',
        'millwright.commit': git('rev-parse', 'HEAD'),
        'millwright.dirty': 'true',
        'millwright.changed_files': 'new file.txt',
        'millwright.exit_code': '3',
      }),
    }),
  ])

  const long = run(['sh', '-c', 'echo begun; sleep 60'], { MLFLOW_EXPERIMENT_NAME: 'mine' })
  await expect.poll(long.said, { timeout: 30_000 }).toContain('begun')
  long.child.kill('SIGINT')
  expect(await long.ended).toBe(130)
  expect(await runs('mine')).toEqual([expect.objectContaining({ run_name: 'sh', status: 'KILLED' })])
  expect(long.said()).toContain('stopped')

  const nobody = run(['true'], { MILLWRIGHT_SERVER: 'http://127.0.0.1:9' })
  expect(await nobody.ended).toBe(1)
  expect(nobody.said()).toContain('Start one with `millwright up`.')
})
