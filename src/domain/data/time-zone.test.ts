import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calendarPart } from './calendar.ts'
import { TimeZone, timeZone } from './time-zone.ts'

/** What `Intl` shows at a moment, as if it were UTC: the slow way, asked anew each time. */
function shownBy(name: string, utc: number): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: name,
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  const [, day, month, year, hour, minute, second] = /(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)/.exec(format.format(utc))!
  return Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second!)
}

const names = [
  'America/New_York',
  'America/Phoenix',
  'Pacific/Honolulu',
  'Europe/Berlin',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Asia/Tehran',
  'America/Sao_Paulo',
]

describe('time zone', () => {
  test('agrees with Intl at every moment', () => {
    const zones = new Map(names.map((name) => [name, new TimeZone(name)]))
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.integer({ min: 0, max: 60 * 365 * 86_400 }), (name, seconds) => {
        const utc = seconds * 1000
        expect(zones.get(name)!.localOf(utc)).toBe(shownBy(name, utc))
      }),
      { numRuns: 1000, seed: 1 },
    )
  }, 60_000)

  test('finds the moment of what a clock showed: the first one, and a skipped hour moves forward', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.integer({ min: 0, max: 50 * 365 * 24 * 4 }), (name, quarters) => {
        const zone = timeZone(name)
        const local = quarters * 900_000
        const utc = zone.utcOf(local)
        const shown = zone.localOf(utc)
        if (shown === local) {
          for (const earlier of [1_800_000, 3_600_000, 7_200_000]) {
            if (zone.localOf(utc - earlier) === local) return false
          }
          return true
        }
        return shown > local && zone.localOf(utc - (shown - local)) < local
      }),
      { numRuns: 3000, seed: 2 },
    )
  })

  test('New York, spring and autumn of 2001', () => {
    const zone = new TimeZone('America/New_York')
    const at = (local: string) => new Date(zone.utcOf(Date.parse(`${local}Z`))).toISOString()
    expect(at('2001-04-01T01:59:59')).toBe('2001-04-01T06:59:59.000Z')
    expect(at('2001-04-01T02:30:00')).toBe('2001-04-01T07:30:00.000Z')
    expect(at('2001-04-01T03:00:00')).toBe('2001-04-01T07:00:00.000Z')
    expect(at('2001-10-28T01:30:00')).toBe('2001-10-28T05:30:00.000Z')
    expect(at('2001-10-28T02:00:00')).toBe('2001-10-28T07:00:00.000Z')
  })

  test('a name that is none is an error that says so', () => {
    expect(() => timeZone('Mars/Olympus')).toThrowError(/no time zone/)
  })

  test('calendar parts agree with Date, before 1970 too', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3e12, max: 5e12 }), (ms) => {
        const date = new Date(ms)
        expect(calendarPart('hour')(ms)).toBe(date.getUTCHours())
        expect(calendarPart('minute-of-day')(ms)).toBe(date.getUTCHours() * 60 + date.getUTCMinutes())
        expect(calendarPart('weekday')(ms)).toBe(((date.getUTCDay() + 6) % 7) + 1)
        expect(calendarPart('day-of-month')(ms)).toBe(date.getUTCDate())
        expect(calendarPart('month')(ms)).toBe(date.getUTCMonth() + 1)
        const start = Date.UTC(date.getUTCFullYear(), 0, 1)
        expect(calendarPart('day-of-year')(ms)).toBe(Math.floor((ms - start) / 86_400_000) + 1)
      }),
    )
  })
})
