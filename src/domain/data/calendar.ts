import type { CalendarPart } from '../../contract/expression.ts'

const dayMs = 86_400_000

/** Years, months and days from the days since 1970-01-01: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function civilDate(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

const partOf: Record<CalendarPart, (local: number) => number> = {
  'minute-of-day': (local) => Math.floor((local - Math.floor(local / dayMs) * dayMs) / 60_000),
  hour: (local) => Math.floor((local - Math.floor(local / dayMs) * dayMs) / 3_600_000),
  // 1970-01-01 was a Thursday, the fourth day.
  weekday: (local) => {
    const days = Math.floor(local / dayMs) + 3
    return days - Math.floor(days / 7) * 7 + 1
  },
  'day-of-month': (local) => civilDate(Math.floor(local / dayMs)).day,
  month: (local) => civilDate(Math.floor(local / dayMs)).month,
  'day-of-year': (local) => {
    const days = Math.floor(local / dayMs)
    return days - Date.UTC(civilDate(days).year, 0, 1) / dayMs + 1
  },
}

/** A part of the date that a clock shows; `local` is written as if it were UTC. */
export function calendarPart(part: CalendarPart): (local: number) => number {
  return partOf[part]
}
