import type { Command } from 'commander'
import type { Json } from '../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../contract/run.ts'
import { isRunOver } from '../contract/states.ts'
import type { Client } from '../sdk/client.ts'
import { actor, connect, defaultServer } from './connection.ts'
import { ago, bold, dim, green, printError, red, table, yellow } from './output.ts'

const colour = (state: string): string =>
  state === 'succeeded' || state === 'reused'
    ? green(state)
    : state === 'failed' || state === 'stopped'
      ? red(state)
      : state === 'running'
        ? yellow(state)
        : dim(state)

const took = (from: number | null, to: number | null): string =>
  from === null ? '' : `${(((to ?? Date.now()) - from) / 1000).toFixed(1)} s`

function printRun(run: RunRecord, steps: StepRecord[]): void {
  console.log(`${bold(run.id)} ${run.pipeline} ${colour(run.state)} ${dim(`${run.startedBy}: ${run.reason}`)}`)
  // In the order in which they ran; those that did not run come last.
  const never = Number.POSITIVE_INFINITY
  for (const step of steps.toSorted((a, b) => (a.startedAt ?? never) - (b.startedAt ?? never))) {
    console.log(
      `  ${step.step.padEnd(12)} ${colour(step.state)} ${dim(took(step.startedAt, step.endedAt))} ${dim(step.because)}${step.error ? `\n    ${red(step.error)}` : ''}`,
    )
  }
  if (run.error) console.log(red(run.error))
}

/** `rows=3` → a parameter; what is JSON is taken as JSON. */
function parameters(given: string[]): Record<string, Json> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new Error(`"${text}" is no parameter: write name=value`)
      const value = text.slice(at + 1)
      try {
        return [text.slice(0, at), JSON.parse(value)]
      } catch {
        return [text.slice(0, at), value]
      }
    }),
  )
}

export function runCommands(program: Command): void {
  program
    .command('run')
    .description(
      'start a pipeline: `millwright run train-late`; or track any program as it is: `millwright run -- python train.py`',
    )
    .argument('<what...>', 'name of a pipeline, or a program after --')
    .option('--param <name=value...>', 'parameters of the pipeline', [])
    .option('--force', 'run every step, whatever was done before', false)
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (what: string[], options: { param: string[]; force: boolean; server: string }) => {
      const client = connect(options)
      // Commander swallows the first `--`; it is looked for in what was typed.
      const isScript = process.argv.includes('--')
      const started = isScript
        ? await client.runScript({ body: { command: what, folder: process.cwd(), env: definedEnv(), actor: actor() } })
        : await client.startRun({
            body: { pipeline: what[0]!, params: parameters(options.param), force: options.force, actor: actor() },
          })
      const { id } = started.run
      if (isScript) {
        stopWithThis(client, id)
        const log = await client.stepLog({ params: { run: id, step: 'script' }, query: { follow: 'true' } })
        for await (const piece of log.body!) process.stdout.write(withoutStamps(new TextDecoder().decode(piece)))
      }
      let state = started
      while (!isRunOver(state.run.state)) state = await client.run({ params: { run: id }, query: { waitMs: 30_000 } })
      printRun(state.run, state.steps)
      const [script] = isScript ? state.steps : []
      if (script?.trackedRun) console.log(dim(`tracked as ${script.trackedRun}`))
      if (state.run.state !== 'succeeded') process.exitCode ??= script?.exitCode || 1
    })

  program
    .command('runs')
    .description('the newest runs; with an id, one run with its steps')
    .argument('[run]', 'id of a run')
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (run: string | undefined, options: { server: string }) => {
      const client = connect(options)
      if (run) {
        const found = await client.run({ params: { run } })
        printRun(found.run, found.steps)
        return
      }
      const { runs } = await client.runs()
      if (runs.length === 0) console.log('No runs yet. Start one with `millwright run <pipeline>`.')
      else
        console.log(
          table(
            ['run', 'pipeline', 'state', 'took', 'started', 'by', 'why'],
            runs.map((each) => [
              each.id,
              each.pipeline,
              each.state,
              took(each.startedAt, each.endedAt),
              ago(each.queuedAt),
              each.startedBy,
              each.reason,
            ]),
          ),
        )
    })

  program
    .command('logs')
    .description('the log of a step')
    .argument('<run>')
    .argument('<step>')
    .option('--follow', 'stay while it runs', false)
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (run: string, step: string, options: { follow: boolean; server: string }) => {
      const log = await connect(options).stepLog({ params: { run, step }, query: { follow: String(options.follow) } })
      for await (const piece of log.body!) process.stdout.write(piece)
    })

  for (const verb of ['stop', 'resume'] as const) {
    program
      .command(verb)
      .description(verb === 'stop' ? 'stop a run' : 'go on with a run that failed or was stopped')
      .argument('<run>')
      .option('--server <address>', 'the control plane', defaultServer)
      .action(async (run: string, options: { server: string }) => {
        const client = connect(options)
        const result = await client[verb === 'stop' ? 'stopRun' : 'resumeRun']({ params: { run } })
        printRun(result.run, result.steps)
      })
  }
}

/** Ctrl-C here is Ctrl-C for the program, whose run then was killed. */
function stopWithThis(client: Client, run: string): void {
  let isAsked = false
  const stop = (code: number) => () => {
    if (isAsked) return
    isAsked = true
    // As a shell says it of a program that ended by the signal.
    process.exitCode = 128 + code
    void client.stopRun({ params: { run } }).catch(printError)
  }
  process.on('SIGINT', stop(2))
  process.on('SIGTERM', stop(15))
}

/** A line of a log is `time stream text`; somebody who watches a program wants the text. */
const withoutStamps = (text: string): string => text.replace(/^\S+ \S+ /gm, '')

function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
