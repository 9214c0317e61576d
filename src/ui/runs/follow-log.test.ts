import { expect, test } from 'vitest'
import { parseLogLine } from './follow-log.ts'

test('a line of a log is told apart into time, stream and text', () => {
  expect(parseLogLine('2026-11-21T18:26:06.240Z err Traceback: x y')).toEqual({
    time: '2026-11-21T18:26:06.240Z',
    stream: 'err',
    text: 'Traceback: x y',
  })
  expect(parseLogLine('2026-11-21T18:26:06.240Z out ')).toMatchObject({ stream: 'out', text: '' })
  expect(parseLogLine('no such line')).toEqual({ time: '', stream: 'out', text: 'no such line' })
})
