import type { CiReport, Finding } from '../../../contract/ci.ts'
import type { Comparison, ModelComparison } from './comparison.ts'

const marks = { passed: '✅', failed: '❌', skipped: '⏭️' }

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ')
export const markdownTable = (head: string[], rows: string[][]): string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
]
export const shown = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(4)
export const signed = (value: number): string => `${value >= 0 ? '+' : '−'}${shown(Math.abs(value))}`
export const interval = ({ low, high }: { low: number | null; high: number | null }): string =>
  low === null || high === null ? '' : ` (${signed(low)} … ${signed(high)})`
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`

/** The report for a pull request: what failed first, then what changes against the branch it goes to. */
export function markdown(report: CiReport, comparison: Comparison | null, packageHash: string | null): string {
  const failed = report.checks.filter((check) => check.outcome === 'failed')
  const at = report.commit ? ` at \`${report.commit.slice(0, 8)}\`${report.dirty ? ' with changes' : ''}` : ''
  const lines = [
    `## Millwright: ${report.project} ${report.outcome === 'passed' ? 'is ready' : 'is not ready'}`,
    '',
    `${report.checks.length} checks${at} on ${report.full ? 'all data' : 'a sample'} in ${report.seconds.toFixed(0)} s${packageHash ? `; package \`${packageHash.slice(0, 12)}\`` : ''}.`,
    '',
  ]
  for (const { check, findings } of failed) {
    lines.push(`### ❌ ${check}`, '')
    for (const finding of findings.filter((each) => each.level === 'error').slice(0, 20)) lines.push(...told(finding))
    lines.push('')
  }
  lines.push(
    ...markdownTable(
      ['check', '', 'what', 'seconds'],
      report.checks.map(({ check, outcome, summary, seconds }) => [check, marks[outcome], summary, seconds.toFixed(1)]),
    ),
    '',
  )
  const warnings = report.checks.flatMap(({ findings }) => findings.filter((each) => each.level === 'warning'))
  if (warnings.length > 0) {
    lines.push(`<details><summary>${warnings.length} told</summary>`, '')
    for (const finding of warnings.slice(0, 50)) lines.push(...told(finding))
    lines.push('', '</details>', '')
  }
  lines.push(...(comparison ? changes(comparison) : models(report)))
  return `${lines.join('\n').trimEnd()}\n`
}

const told = ({ message, mend, place, file, line }: Finding): string[] => [
  `- **${cell(place)}**${file && file !== place ? ` (${file}${line ? `:${line}` : ''})` : line ? `:${line}` : ''}: ${cell(message)}`,
  `  _${cell(mend)}_`,
]

function models(report: CiReport): string[] {
  return report.models.flatMap(({ model, metrics, baseline, trainedRows, bytes }) => [
    `### ${model}`,
    '',
    `${trainedRows.toLocaleString('en')} rows, ${kilobytes(bytes)}.`,
    '',
    ...markdownTable(
      ['metric', 'sample', 'baseline'],
      Object.entries(metrics).map(([name, { value }]) => {
        const other = baseline?.[name]
        return [name, shown(value), other ? shown(other.value) : '']
      }),
    ),
    '',
  ])
}

function changes(comparison: Comparison): string[] {
  const { against, commit, modelsAdded, modelsRemoved } = comparison
  const lines = [`### What changes against ${against}${commit ? ` (\`${commit.slice(0, 8)}\`)` : ''}`, '']
  for (const name of modelsAdded) lines.push(`- model **${name}** is new`)
  for (const name of modelsRemoved) lines.push(`- model **${name}** is gone`)
  if (modelsAdded.length + modelsRemoved.length > 0) lines.push('')
  for (const model of comparison.models) lines.push(...modelChanges(model))
  const moved = comparison.figures.filter(({ name }) => /\b(s|ms|requests\/s)$/.test(name))
  if (moved.length > 0) {
    const rows = moved.map(({ name, before, after }) => [name, shown(before), shown(after), signed(after - before)])
    lines.push(
      '<details><summary>Times</summary>',
      '',
      ...markdownTable(['', 'before', 'now', 'difference'], rows),
      '',
      '</details>',
      '',
    )
  }
  return lines
}

function modelChanges({
  model,
  isSame,
  metrics,
  inputsAdded,
  inputsRemoved,
  predictions,
  bytes,
  trainedRows,
}: ModelComparison): string[] {
  if (isSame) return [`**${model}** is the same, byte for byte.`, '']
  const inputs = [...inputsAdded.map((name) => `+ \`${name}\``), ...inputsRemoved.map((name) => `− \`${name}\``)]
  const [all, ...parts] = predictions
  return [
    `#### ${model}`,
    '',
    ...markdownTable(
      ['metric', 'before', 'now', 'difference (95 %)', ''],
      metrics.map(({ metric, before, after, better, paired }) => [
        metric,
        shown(before),
        shown(after),
        `${signed(after - before)}${paired ? interval(paired) : ''}`,
        better === null ? '' : better ? 'better' : 'worse',
      ]),
    ),
    '',
    `Inputs: ${inputs.length > 0 ? inputs.join(', ') : 'the same'}. Size ${kilobytes(bytes.before)} → ${kilobytes(bytes.after)}, rows ${shown(trainedRows.before)} → ${shown(trainedRows.after)}.`,
    '',
    ...(all
      ? [
          `Predictions on the same ${all.rows} rows: mean ${shown(all.before)} → ${shown(all.after)}, ${percent(all.moved)} moved by more than 0.05.`,
          '',
        ]
      : ['No row is in both samples, so predictions are not compared.', '']),
    ...(parts.length > 0
      ? [
          ...markdownTable(
            ['segment', 'rows', 'before', 'now', 'moved'],
            parts.map(({ segment, part, rows, before, after, moved }) => [
              `${segment} = ${part}`,
              String(rows),
              shown(before),
              shown(after),
              percent(moved),
            ]),
          ),
          '',
        ]
      : []),
  ]
}
