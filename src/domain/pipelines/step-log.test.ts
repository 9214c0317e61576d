import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StepLogs } from './step-log.ts'

let home = ''
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'millwright logs '))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const withoutTimes = (text: string) =>
  text
    .split('\n')
    .map((line) => line.replace(/^\S+ /, ''))
    .join('\n')

test('whatever the pieces, the lines come out whole, in order, and pages join without loss', async () => {
  let count = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[a-zé ]{0,30}$/), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      fc.integer({ min: 60, max: 200 }),
      async (lines, cuts, pageSize) => {
        const logs = new StepLogs(home)
        const id = `run_${count}/step`
        count += 1
        const text = lines.map((line) => `${line}\n`).join('')
        for (let at = 0, turn = 0; at < text.length; turn += 1) {
          const end = at + cuts[turn % cuts.length]!
          logs.writer(id).write('out', text.slice(at, end))
          at = end
        }
        await logs.finish(id)
        let read = ''
        for (let offset = 0; ; ) {
          const page = await logs.read(id, offset, pageSize)
          if (page.text === '') break
          read += page.text
          offset = page.next
        }
        expect(withoutTimes(read)).toBe(lines.map((line) => `out ${line}\n`).join(''))
      },
    ),
    { numRuns: 40 },
  )
})

test('a line without an end is kept at the end, and a redrawn one by its last state', async () => {
  const logs = new StepLogs(home)
  logs.writer('run_1/a').write('err', '10%\r20%\r100%\r\nrest')
  await logs.finish('run_1/a')
  expect(withoutTimes((await logs.read('run_1/a')).text)).toBe('err 100%\nerr rest\n')
})

test('beyond its limit a log says what was left out', async () => {
  const logs = new StepLogs(home, { limit: 1000 })
  for (let turn = 0; turn < 50; turn += 1) {
    logs.writer('run_1/a/7').write('out', `${'x'.repeat(99)}\n`)
    await logs.read('run_1/a/7')
  }
  await logs.finish('run_1/a/7')
  const { text, size } = await logs.read('run_1/a/7')
  expect(size).toBeLessThan(1500)
  expect(text).toMatch(/log Millwright left out \d+ characters beyond the log's limit\.\n$/)
  expect(await readdir(join(home, 'logs', 'run_1'))).toEqual(['a.7.log'])
  await logs.remove('run_1')
  expect(await logs.read('run_1/a/7')).toEqual({ text: '', next: 0, size: 0 })
})

test('ids that would lead elsewhere are refused', async () => {
  const logs = new StepLogs(home)
  for (const id of ['run_1', '../x/y', 'run_1/../../etc', 'run_1/a/b', 'run_1/a/1/2']) {
    await expect(logs.read(id)).rejects.toMatchObject({ code: 'invalid-request' })
  }
})
