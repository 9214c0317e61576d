import { writeFile } from 'node:fs/promises'
import type { Client } from 'millwright/client'

export interface Month {
  month: string
  answers: number
  labelled: number
  /** AUC with its 95 % interval, of what was answered and of the frozen January model on the same flights. */
  served: { auc: number; low: number; high: number } | null
  frozen: { auc: number; low: number; high: number } | null
}

export interface Report {
  seconds: { firstModel: number; total: number }
  landings: number
  asked: number
  refusedRequests: number
  logged: number
  retrains: { trigger: string; reason: string; version: string; outcome: string; data: string }[]
  refusedCandidates: { version: string; why: string }[]
  files: { file: string; outcome: string; why: string }[]
  rollback: { to: string; tookMs: number; identical: boolean; compared: number } | null
  months: Month[]
  alerts: number
  events: { count: number; chainWhole: boolean }
  memoryMb: number
}

const monthNames = ['January', 'February', 'March', 'April', 'May', 'June', 'July']

/** Quality by month, from logged predictions and the labels that arrived. */
export async function monthly(client: Client, endpoint: string): Promise<Month[]> {
  const months: Month[] = []
  for (let month = 1; month <= 5; month += 1) {
    const [from, to] = [Date.UTC(2001, month, 1), Date.UTC(2001, month + 1, 1)]
    const { groups } = await client.quality({ query: { endpoint, from, to } })
    const figure = (name: 'served' | 'frozen') => {
      const auc = groups.find((group) => group.group === name)?.figures.auc
      return auc ? { auc: auc.value, low: auc.low ?? auc.value, high: auc.high ?? auc.value } : null
    }
    const served = groups.find((group) => group.group === 'served')
    months.push({
      month: monthNames[month]!,
      answers: served?.predictions ?? 0,
      labelled: served?.labelled ?? 0,
      served: figure('served'),
      frozen: figure('frozen'),
    })
  }
  return months
}

const figureText = (figure: Month['served']): string =>
  figure ? `${figure.auc.toFixed(3)} (${figure.low.toFixed(3)}–${figure.high.toFixed(3)})` : 'no figure'

/** What happened, as a table for people. */
export function printSummary(report: Report): void {
  const line = (label: string, text: string): void => console.log(`  ${label.padEnd(22)} ${text}`)
  console.log('\nWhat happened')
  line('first model answering', `${report.seconds.firstModel.toFixed(0)} s after the start`)
  line('the whole loop', `${report.seconds.total.toFixed(0)} s for five months of flights`)
  line('landings pushed', report.landings.toLocaleString('en'))
  line(
    'predictions asked',
    `${report.asked.toLocaleString('en')} (${report.logged.toLocaleString('en')} found in the log; ${report.refusedRequests} refused)`,
  )
  for (const { trigger, version, outcome, data } of report.retrains)
    line('trained', `${version} ${outcome} (${trigger}, ${data})`)
  for (const { version, why } of report.refusedCandidates) line('candidate refused', `${version}: ${why}`)
  for (const { file, outcome, why } of report.files) line(`file ${outcome}`, `${file}: ${why}`)
  if (report.rollback)
    line(
      'rolled back',
      `to ${report.rollback.to} in ${report.rollback.tookMs} ms, ${report.rollback.compared} answers ${report.rollback.identical ? 'identical' : 'DIFFERENT'}`,
    )
  line('alerts', String(report.alerts))
  line('events', `${report.events.count}, chain ${report.events.chainWhole ? 'whole' : 'BROKEN'}`)
  line('memory', `${report.memoryMb.toFixed(0)} MB at the most, all processes`)
  console.log('\nQuality by month: AUC with 95 % interval, from logged predictions and labels that arrived')
  console.log(
    `  ${'month'.padEnd(10)} ${'labelled'.padStart(9)}  ${'retrained, as answered'.padEnd(24)} January model, frozen`,
  )
  for (const { month, labelled, served, frozen } of report.months) {
    console.log(
      `  ${month.padEnd(10)} ${labelled.toLocaleString('en').padStart(9)}  ${figureText(served).padEnd(24)} ${figureText(frozen)}`,
    )
  }
  const last = report.months.filter((month) => month.served && month.frozen).at(-1)
  if (last?.served && last.frozen) {
    const gain = last.served.auc - last.frozen.auc
    const overlaps = last.served.low <= last.frozen.high && last.frozen.low <= last.served.high
    console.log(
      `  By ${last.month} retraining brought ${gain >= 0 ? '+' : ''}${gain.toFixed(3)} AUC over the frozen model${overlaps ? ', within the intervals: little on this data' : ''}.`,
    )
  }
}

export async function writeReport(path: string, report: Report): Promise<void> {
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`)
}
