import type { CheckReport, CiCheck, Finding } from '../../../contract/ci.ts'

/** What a check found, before anybody has timed it. */
export type CheckVerdict = Omit<CheckReport, 'seconds'>

/**
 * Passed, unless there is an error among the findings.
 *
 * @param summary what was looked at; no times, for it goes into a package.
 */
export function verdictOf(
  check: CiCheck,
  summary: string,
  findings: Finding[],
  figures: Record<string, number> = {},
): CheckVerdict {
  const errors = findings.filter((finding) => finding.level === 'error')
  const warnings = findings.length - errors.length
  const told = warnings === 0 ? '' : `, ${warnings} told`
  return errors.length === 0
    ? { check, outcome: 'passed', summary: `${summary}${told}`, findings, figures }
    : { check, outcome: 'failed', summary: errors[0]!.message, findings, figures }
}

/** @param reason why it could not be, or need not be, looked at. */
export const skipped = (check: CiCheck, reason: string): CheckVerdict => ({
  check,
  outcome: 'skipped',
  summary: reason,
  findings: [],
  figures: {},
})

export const fault = (place: string, message: string, mend: string): Finding => ({
  level: 'error',
  place,
  message,
  mend,
})

export const note = (place: string, message: string, mend: string): Finding => ({
  level: 'warning',
  place,
  message,
  mend,
})
