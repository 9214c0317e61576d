// Checks what the quickstart reported: `node test/quickstart-report.mjs <report.json> <exit code>`. Times are told when they
// are missed on a slow machine, and fail at twice as long.
import { readFileSync, writeFileSync } from 'node:fs'

const [path, exitCode] = process.argv.slice(2)
if (path === undefined || exitCode === undefined) {
  console.error('usage: node test/quickstart-report.mjs <report.json> <exit code>')
  process.exit(2)
}

const counts = { passed: 0, failed: 0 }

function check(what, holds, found) {
  if (holds) counts.passed += 1
  else counts.failed += 1
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}: ${found}`)
}

/** A machine whose cores are taken by others is slower by any factor: beyond the limit is told, only far beyond it fails. */
const inNoCase = 5

function within(what, seconds, limit) {
  check(
    `${what} within ${limit} s, in no case ${inNoCase * limit} s`,
    seconds > 0 && seconds < inNoCase * limit,
    `${seconds.toFixed(1)} s`,
  )
  if (seconds > limit)
    console.log(`WARNING ${what}: ${seconds.toFixed(1)} s is over ${limit} s; is the machine slow or busy?`)
}

const number = (value) => value.toLocaleString('en')

function checkReport(report) {
  within('the first model answers', report.seconds.firstModel, 45)
  within('the whole loop', report.seconds.total, 180)
  check('landings pushed, at least 2,400,000', report.landings >= 2_400_000, number(report.landings))
  check('predictions asked, at least 150,000', report.asked >= 150_000, number(report.asked))
  check('every prediction answered', report.refusedRequests === 0, `${report.refusedRequests} refused`)
  check('every prediction logged', report.logged >= report.asked, number(report.logged))

  const outcomes = (fault) => report.files.filter(({ file }) => file.includes(fault)).map(({ outcome }) => outcome)
  check(
    'the file with a column missing is refused',
    outcomes('no-delay').join() === 'refused',
    outcomes('no-delay').join(),
  )
  for (const fault of ['kilometres', 'unknown-airport']) {
    const found = outcomes(fault)
    check(
      `the file ${fault} is not taken`,
      found.length > 0 && !found.includes('accepted'),
      found.join() || 'no such file',
    )
  }
  const setAside = report.files.filter(({ outcome }) => outcome === 'quarantined')
  check('a file is set aside', setAside.length > 0, setAside.map(({ file }) => file).join(', ') || 'none')

  const refused = report.refusedCandidates.filter(({ why }) => why.length > 0)
  check(
    'a candidate is refused, with the reason',
    refused.length > 0,
    refused.map(({ why }) => why).join(' | ') || 'none',
  )
  const triggered = report.retrains.filter(({ trigger }) => trigger.startsWith('trigger:'))
  check('retrained by triggers, one to five times', triggered.length >= 1 && triggered.length <= 5, triggered.length)
  const unnamed = triggered.filter(({ reason, data }) => reason === '' || data === '')
  check('each retraining names its reason and its data', unnamed.length === 0, `${unnamed.length} without`)

  const { rollback } = report
  check(
    'rolled back within 2 s',
    rollback !== null && rollback.tookMs <= 2000,
    rollback ? `${rollback.tookMs} ms` : 'not at all',
  )
  check(
    'identical answers after the rollback',
    rollback?.identical === true && rollback.compared > 0,
    rollback?.compared ?? 0,
  )

  for (const { month, labelled, served, frozen } of report.months) {
    const real = (figure) =>
      figure !== null && figure.low <= figure.auc && figure.auc <= figure.high && figure.auc > 0.5
    check(
      `${month}: quality of both models from labels`,
      labelled > 0 && real(served) && real(frozen),
      `${number(labelled)} labels`,
    )
  }
  check('five months', report.months.length === 5, report.months.length)
  check(
    'the chain of events is whole',
    report.events.chainWhole && report.events.count > 0,
    `${report.events.count} events`,
  )
  check(
    'under 3 GB of memory, measured',
    report.memoryMb > 0 && report.memoryMb < 3072,
    `${report.memoryMb.toFixed(0)} MB`,
  )
}

check('the quickstart ends with code 0', exitCode === '0', exitCode)
try {
  checkReport(JSON.parse(readFileSync(path, 'utf8')))
} catch (error) {
  check('the report is there and whole', false, error.message)
}
console.log(`${counts.passed} of ${counts.passed + counts.failed} hold`)
if (process.env.MILLWRIGHT_COUNTS) writeFileSync(process.env.MILLWRIGHT_COUNTS, JSON.stringify(counts))
process.exit(counts.failed > 0 ? 1 : 0)
