import type { CheckReport, CiReport, Finding } from '../../../contract/ci.ts'

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** What XML 1.0 cannot hold at all is left out. */
const escaped = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be found
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"]/g, (sign) => entities[sign]!)

const attributes = (of: Record<string, string | number>): string =>
  Object.entries(of)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('')

const where = ({ place, file, line }: Finding): string => (file ? `${place} (${file}${line ? `:${line}` : ''})` : place)

/** A test suite with a test case for each check, as CI servers read it (the XML of JUnit, of which there is no norm: Jenkins' and GitLab's reading). */
export function junitXml(report: CiReport): string {
  const count = (outcome: CheckReport['outcome']): number =>
    report.checks.filter((check) => check.outcome === outcome).length
  const counts = {
    tests: report.checks.length,
    failures: count('failed'),
    errors: 0,
    skipped: count('skipped'),
    time: report.seconds.toFixed(3),
  }
  const cases = report.checks.map((check) => testCase(report.project, check))
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'millwright ci', ...counts })}>`,
    `  <testsuite${attributes({ name: report.project, ...counts })}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function testCase(project: string, { check, outcome, summary, findings, seconds }: CheckReport): string {
  const first = findings.find((finding) => finding.level === 'error')
  const head = {
    name: check,
    classname: `millwright.${project}`,
    time: seconds.toFixed(3),
    ...(first?.file ? { file: first.file } : {}),
    ...(first?.file && first.line ? { line: first.line } : {}),
  }
  const told = findings.filter((finding) => finding.level === 'warning').map(line)
  const body: string[] = []
  if (outcome === 'skipped') body.push(`      <skipped${attributes({ message: summary })}/>`)
  if (outcome === 'failed') {
    const errors = findings.filter((finding) => finding.level === 'error').map(line)
    body.push(`      <failure${attributes({ message: summary, type: check })}>${escaped(errors.join('\n'))}</failure>`)
  }
  if (told.length > 0) body.push(`      <system-out>${escaped(told.join('\n'))}</system-out>`)
  if (body.length === 0) return `    <testcase${attributes(head)}/>`
  return [`    <testcase${attributes(head)}>`, ...body, '    </testcase>'].join('\n')
}

const line = (finding: Finding): string => `${where(finding)}: ${finding.message}\n  mend: ${finding.mend}`
