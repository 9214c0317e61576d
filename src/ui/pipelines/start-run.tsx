import { useState } from 'react'
import type { Json, PipelineDefinition } from '../../contract/pipeline.ts'
import { call } from '../api.ts'
import { Action } from '../components/action.tsx'
import { counted } from '../format.ts'
import { fieldText, fieldValue, paramKind } from './param-fields.ts'

const whenBusy = {
  queue: 'waits until that is over',
  refuse: 'is refused',
  replace: 'takes the place of the one that waits',
} as const

const hints = { boolean: '', number: 'a number', text: 'text', json: 'JSON', any: 'anything; empty is none' } as const

/** Starts a pipeline with parameters: a field for each, of the type of its default. */
export function StartRun({
  pipeline,
  label,
  given = {},
  onStarted,
}: {
  pipeline: PipelineDefinition
  label: string
  /** Values of a run before, which stand in the fields at first. */
  given?: Record<string, Json>
  onStarted: (run: string) => void
}) {
  const names = Object.keys(pipeline.params)
  const standard = (name: string): Json => pipeline.params[name] ?? null
  const initial = (): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, fieldText(paramKind(standard(name)), given[name] ?? standard(name))]))
  const [texts, setTexts] = useState(initial)
  const [force, setForce] = useState(false)
  const set = (name: string, text: string): void => setTexts((before) => ({ ...before, [name]: text }))
  const params: Record<string, Json> = {}
  let invalid: string | null = null
  for (const name of names) {
    try {
      params[name] = fieldValue(name, standard(name), texts[name] ?? '')
    } catch (error) {
      invalid ??= (error as Error).message
    }
  }
  const world = pipeline.steps.filter(({ sideEffects }) => sideEffects).map(({ name }) => name)
  return (
    <Action
      label={label}
      title={`Start ${pipeline.name}`}
      needs="developer"
      invalid={invalid}
      plan={async () => {
        const { runs } = await call('runs', { query: { pipeline: pipeline.name, state: 'running', limit: 1 } })
        const limit = pipeline.concurrency.limit
        return {
          says: `${pipeline.name} begins with these parameters: ${counted(pipeline.steps.length, 'step')}. A step that nothing has changed for takes over what was made before.`,
          effects: [
            ...(world.length > 0
              ? [
                  world.length === 1
                    ? `${world[0]} always runs: it changes the world outside`
                    : `${world.join(', ')} always run: they change the world outside`,
                ]
              : []),
            ...(runs.length > 0
              ? [`one is running; at most ${limit} at a time, so this one ${whenBusy[pipeline.concurrency.whenBusy]}`]
              : []),
          ],
        }
      }}
      act={async (reason) => {
        const { run } = await call('startRun', { body: { pipeline: pipeline.name, params, force, reason } })
        onStarted(run.id)
        return `${pipeline.name} ${run.state === 'queued' ? 'waits for its turn' : 'has begun'}.`
      }}
      fields={
        <>
          {names.map((name) => {
            const kind = paramKind(standard(name))
            const defaultText = fieldText(kind, standard(name))
            return kind === 'boolean' ? (
              <label key={name} className="check">
                <input
                  type="checkbox"
                  checked={texts[name] === 'true'}
                  onChange={({ target }) => set(name, String(target.checked))}
                />{' '}
                {name}
              </label>
            ) : (
              // biome-ignore lint/a11y/noLabelWithoutControl: the field is one of the two below
              <label key={name}>
                {`${name}, ${hints[kind]}${defaultText === '' ? '' : `; ${defaultText} unless said otherwise`}`}
                {kind === 'json' ? (
                  <textarea
                    rows={3}
                    spellCheck={false}
                    value={texts[name] ?? ''}
                    onChange={({ target }) => set(name, target.value)}
                  />
                ) : (
                  <input
                    inputMode={kind === 'number' ? 'decimal' : 'text'}
                    spellCheck={false}
                    value={texts[name] ?? ''}
                    onChange={({ target }) => set(name, target.value)}
                  />
                )}
              </label>
            )
          })}
          <label className="check">
            <input type="checkbox" checked={force} onChange={({ target }) => setForce(target.checked)} /> Run every
            step, whatever was done before
          </label>
        </>
      }
    />
  )
}
