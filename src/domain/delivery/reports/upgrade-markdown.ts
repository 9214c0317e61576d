import type { UpgradeReport } from '../../../contract/upgrade.ts'
import { nameOf } from '../upgrade-verdict.ts'
import { interval, markdownTable, percent, shown, signed } from './markdown.ts'

const outcomes = { passed: '✅', failed: '❌', skipped: '⏭️' }

/** The report of an upgrade for a pull request: the verdict and why first, then what was compared. */
export function upgradeMarkdown(report: UpgradeReport): string {
  const { project, verdict, upgraded, movedAlong, reasons, notes, checks, models, answers, load, memoryMb } = report
  if (verdict === 'nothing-to-do')
    return [`## Millwright: nothing of ${project} is behind`, '', ...notes.map((note) => `- ${note}`), ''].join('\n')
  const lines = [
    `## Millwright: the upgrade of ${project} ${verdict === 'ready' ? 'is ready' : 'is not ready'}`,
    '',
    ...markdownTable(
      ['package', 'from', 'to', 'in'],
      upgraded.map(({ name, from, to, lock }) => [`\`${name}\``, from, to, lock]),
    ),
    '',
  ]
  if (movedAlong.length > 0)
    lines.push(
      `With them moved ${movedAlong.map(({ name, from, to }) => `\`${name}\` ${from ?? 'none'} → ${to ?? 'none'}`).join(', ')}.`,
      '',
    )
  if (report.package) lines.push(`Package \`${report.package.slice(0, 12)}\`.`, '')
  for (const { message } of reasons) lines.push(`- ❌ ${message}`)
  if (reasons.length > 0) lines.push('')
  for (const culprit of report.culprits) {
    const together = culprit.upgraded.length > 1 ? ', only together' : ''
    lines.push(`- to blame${together}: **${culprit.upgraded.map(nameOf).join(', ')}**`)
    for (const { message } of culprit.reasons) lines.push(`  - ${message}`)
  }
  if (report.culprits.length > 0) lines.push('')
  if (report.readyWithout.length > 0) lines.push(`Ready without: ${report.readyWithout.map(nameOf).join(', ')}.`, '')
  if (report.undecided.length > 0) lines.push(`Not decided: ${report.undecided.map(nameOf).join(', ')}.`, '')
  for (const note of notes) lines.push(`- ${note}`)
  if (notes.length > 0) lines.push('')
  if (checks.length > 0)
    lines.push(
      ...markdownTable(
        ['check', 'before', 'after'],
        checks.map(({ check, before, after }) => [check, before ? outcomes[before] : '', after ? outcomes[after] : '']),
      ),
      '',
    )
  for (const { model, isSame, metrics, predictions } of models) {
    if (isSame) {
      lines.push(`**${model}** is the same, byte for byte.`, '')
      continue
    }
    lines.push(
      `#### ${model}`,
      '',
      ...markdownTable(
        ['metric', 'before', 'after', 'difference (95 % together)', ''],
        metrics.map(({ metric, before, after, difference, low, high, isWorse }) => [
          metric,
          shown(before),
          shown(after),
          difference === null ? '' : `${signed(difference)}${interval({ low, high })}`,
          isWorse ? 'worse' : '',
        ]),
      ),
      '',
      ...markdownTable(
        ['rows', 'count', 'differ', 'most', 'mean before', 'after'],
        predictions.map(({ segment, part, rows, differs, largest, before, after }) => [
          segment ? `${segment} = ${part}` : 'all',
          String(rows),
          percent(differs),
          shown(largest),
          shown(before),
          shown(after),
        ]),
      ),
      '',
    )
  }
  if (answers.length > 0)
    lines.push(
      ...markdownTable(
        ['endpoint', 'requests recorded before', 'differ', 'most', 'refused'],
        answers.map(({ endpoint, asked, differs, largest, refused }) => [
          endpoint,
          String(asked),
          String(differs),
          shown(largest),
          String(refused),
        ]),
      ),
      '',
    )
  if (load.length > 0)
    lines.push(
      ...markdownTable(
        ['under load', 'p50 ms', 'p99 ms', 'requests/s', 'ratio'],
        load.map(({ endpoint, before, after, ratio }) => [
          endpoint,
          `${shown(before.p50Ms)} → ${shown(after.p50Ms)}`,
          `${shown(before.p99Ms)} → ${shown(after.p99Ms)}`,
          `${shown(before.requestsPerSecond)} → ${shown(after.requestsPerSecond)}`,
          ratio.toFixed(2),
        ]),
      ),
      '',
    )
  if (memoryMb)
    lines.push(`Memory of the prediction service: ${shown(memoryMb.before)} → ${shown(memoryMb.after)} MiB.`, '')
  return `${lines.join('\n').trimEnd()}\n`
}
