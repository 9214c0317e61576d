import { isoTime } from '../../base/clock.ts'
import type { Brief, ModelDefinition } from '../../contract/definition.ts'
import type { Evaluation, Verdict } from '../../contract/model.ts'

export interface CardFacts {
  model: ModelDefinition
  brief: Brief | null
  datasetVersion: string
  trainedRows: number
  trainedUntil: number
  evaluation: Evaluation
  verdicts: Verdict[]
  importance: { input: string; gain: number }[]
  runId: string
  commit: string | null
}

const shown = (value: number): string => value.toFixed(4)

/** The model card (Mitchell et al. 2019), from what the run measured: Markdown. */
export function modelCard({
  model,
  brief,
  datasetVersion,
  trainedRows,
  trainedUntil,
  evaluation,
  verdicts,
  importance,
  runId,
  commit,
}: CardFacts): string {
  const lines = [`# ${model.name}`, '']
  if (brief) {
    lines.push(`**Objective.** ${brief.objective}`, '', `**Owner.** ${brief.owner}`, '')
    if (brief.success) lines.push(`**Success.** ${brief.success}`, '')
    if (brief.errors) lines.push(`**Cost of errors.** ${brief.errors}`, '')
    if (brief.data) lines.push(`**Data needed.** ${brief.data}`, '')
  }
  lines.push(
    '## How it was made',
    '',
    `- ${model.training.kind}, task ${model.task}, ${model.inputs.length} inputs, seed ${model.seed}`,
  )
  lines.push(
    `- Trained on ${trainedRows.toLocaleString('en')} rows of ${datasetVersion}, labels known by ${isoTime(trainedUntil)}`,
  )
  lines.push(`- Run ${runId}${commit ? `, commit ${commit.slice(0, 12)}` : ''}`, '')
  lines.push(
    '## How well it does',
    '',
    `Test set: ${evaluation.rows.toLocaleString('en')} rows from ${isoTime(evaluation.from)} to ${isoTime(evaluation.to)}, never seen in training.`,
    '',
  )
  lines.push('| metric | value | 95 % interval | baseline | production |', '|---|---|---|---|---|')
  for (const [name, { value, low, high }] of Object.entries(evaluation.candidate)) {
    const interval = low !== null && high !== null ? `${shown(low)} – ${shown(high)}` : ''
    lines.push(
      `| ${name} | ${shown(value)} | ${interval} | ${optional(evaluation.baseline?.[name]?.value)} | ${optional(evaluation.production?.scores[name]?.value)} |`,
    )
  }
  lines.push('')
  for (const [segment, parts] of Object.entries(evaluation.segments)) {
    const [metric] = Object.keys(evaluation.candidate)
    if (!metric) continue
    lines.push(`### By ${segment}`, '', `| ${segment} | rows | ${metric} |`, '|---|---|---|')
    for (const [part, { rows, candidate }] of Object.entries(parts))
      lines.push(`| ${part} | ${rows} | ${optional(candidate[metric]?.value)} |`)
    lines.push('')
  }
  lines.push('## What it had to prove', '')
  for (const verdict of verdicts)
    lines.push(`- ${verdict.passed ? 'passed' : '**refused**'}: ${verdict.gate}. ${verdict.message}.`)
  lines.push('', '## What it reads', '', '| input | share of gain |', '|---|---|')
  for (const { input, gain } of importance) lines.push(`| ${input} | ${(gain * 100).toFixed(1)} % |`)
  return `${lines.join('\n')}\n`
}

const optional = (value: number | undefined): string => (value === undefined ? '' : shown(value))
