import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/base/hash.ts'
import { startScript } from '../../src/domain/pipelines/script-run.ts'
import { pipelineOf, stepsOf, withEngine } from './engine-setup.ts'

function hasGit(): boolean {
  try {
    execFileSync('git', ['--version'])
    return true
  } catch {
    return false
  }
}

test('a script is tracked as it is: its folder, environment, commit, lockfile, files, log and exit code', async (context) => {
  if (!hasGit()) context.skip('git is not installed')
  await withEngine({}, async (setup) => {
    const cwd = join(setup.folder, 'work')
    await mkdir(cwd)
    await writeFile(join(cwd, 'requirements.txt'), 'xgboost==2.0\n')
    await writeFile(
      join(cwd, 'train.sh'),
      'echo "training in $PWD as $WHO"; echo model > "$MILLWRIGHT_ARTIFACTS/model.onnx"; exit $1\n',
    )
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd, encoding: 'utf8' })
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'first')
    const request = { cwd, env: { WHO: 'ada' }, startedBy: 'user:ada' }
    const started = await startScript(setup.engine, { ...request, command: ['sh', 'train.sh', '0'] })
    const run = await setup.engine.finished(started.id)
    expect(run).toMatchObject({
      pipeline: 'script',
      state: 'succeeded',
      reason: 'sh train.sh 0',
      source: { commit: git('rev-parse', 'HEAD').trim(), dirty: false, lockfileHash: sha256('xgboost==2.0\n') },
    })
    const step = (await stepsOf(setup.metadata, run.id)).script!
    expect(step).toMatchObject({ exitCode: 0, artifacts: [{ name: 'model.onnx', type: 'model', size: 6 }] })
    expect((await setup.engine.readLog(step.id)).text).toContain(`out training in ${cwd} as ada\n`)

    await writeFile(join(cwd, 'new.txt'), 'x')
    const failing = await startScript(setup.engine, { ...request, command: ['sh', 'train.sh', '3'] })
    const failed = await setup.engine.finished(failing.id)
    expect(failed).toMatchObject({ state: 'failed', source: { dirty: true } })
    expect((await stepsOf(setup.metadata, failed.id)).script).toMatchObject({ exitCode: 3, state: 'failed' })
    await expect(startScript(setup.engine, { ...request, command: [] })).rejects.toMatchObject({
      code: 'invalid-request',
      field: 'command',
    })
  })
})

test('a script does not wait for the steps that run', async () => {
  await withEngine(
    {},
    async (setup) => {
      const busy = pipelineOf({ steps: [{ name: 'busy', run: { kind: 'command', command: ['sleep', '30'] } }] })
      const { id } = await setup.engine.start({
        pipeline: busy,
        definitionHash: 'test',
        startedBy: 'user:test',
        reason: 'a test',
      })
      const script = await startScript(setup.engine, {
        command: ['true'],
        cwd: setup.folder,
        env: {},
        startedBy: 'user:ada',
      })
      expect((await setup.engine.finished(script.id)).state).toBe('succeeded')
      await setup.engine.stop(id, 'user:test')
    },
    { slots: 1 },
  )
})
