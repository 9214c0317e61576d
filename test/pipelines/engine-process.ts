/**
 * An engine in a process of its own, for tests that kill it: `engine-process <folder> <pipeline JSON> [step]`. Takes up what is unfinished,
 * or starts a run when there is none. With a step's name, the process kills itself when that step has ended, before it hears of it.
 */
import { join } from 'node:path'
import { LocalProcessRunner } from '../../src/backends/local-process/local-process-runner.ts'
import { pipelineSchema } from '../../src/contract/pipeline.ts'
import { openEngine } from './engine-setup.ts'

const [folder = '', pipeline = '', deadly] = process.argv.slice(2)
const runner = new LocalProcessRunner({ projectDir: join(folder, 'project'), slots: 2, graceMs: 500 })
const run = runner.run.bind(runner)
runner.run = async (task, listener, signal) => {
  const outcome = await run(task, listener, signal)
  if (task.step === deadly) process.kill(process.pid, 'SIGKILL')
  return outcome
}
const setup = await openEngine(folder, { runner })
const [recovered] = await setup.engine.recover()
const [known] = await setup.metadata.find('run', { limit: 1 })
const { id } =
  recovered ??
  known ??
  (await setup.engine.start({
    pipeline: pipelineSchema.parse(JSON.parse(pipeline)),
    definitionHash: 'test',
    startedBy: 'user:test',
    reason: 'a test',
  }))
const ended = await setup.engine.finished(id)
await setup.close()
await runner.close()
process.stdout.write(ended.state)
