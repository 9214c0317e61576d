import { describe, expect, test } from 'vitest'
import type { AppendLogs } from './append-logs.ts'

/** What every back end for logs must do. `tear` cuts bytes off a log's end, or lengthens it by zeros, `corrupt` changes one, behind the back of the store. */
export function appendLogsConformance(
  name: string,
  setup: () => Promise<{
    logs: AppendLogs
    tear: (log: string, bytes: number) => Promise<void>
    corrupt: (log: string, at: number) => Promise<void>
  }>,
): void {
  describe(`append logs: ${name}`, () => {
    const bytes = (text: string) => new TextEncoder().encode(text)
    async function textsOf(logs: AppendLogs, log: string, from = 0): Promise<string[]> {
      const texts: string[] = []
      for await (const record of logs.read(log, from)) texts.push(Buffer.from(record.bytes).toString())
      return texts
    }

    test('keeps records in the order of the calls, many at once, over a reopening', async () => {
      const { logs } = await setup()
      const log = await logs.open('push/flights/a')
      const sent = Array.from({ length: 500 }, (_, i) => `record ${i} ${'x'.repeat(i)}`)
      await Promise.all(sent.map((text) => log.append(bytes(text))))
      await log.close()
      const again = await logs.open('push/flights/a')
      await again.append(bytes('and one more'))
      expect(await textsOf(logs, 'push/flights/a')).toEqual([...sent, 'and one more'])
      await again.close()
    })

    test('reads on from a position, while the log is open', async () => {
      const { logs } = await setup()
      const log = await logs.open('a')
      await log.append(bytes('one'))
      let next = 0
      for await (const record of logs.read('a')) next = record.next
      expect(next).toBe(log.size)
      await log.append(bytes('two'))
      expect(await textsOf(logs, 'a', next)).toEqual(['two'])
      await log.close()
    })

    test('takes records of many megabytes and of one byte, and refuses none', async () => {
      const { logs } = await setup()
      const log = await logs.open('big')
      const large = 'y'.repeat(5_000_000)
      for (const text of ['a', large, 'b', 'z']) await log.append(bytes(text))
      await expect(log.append(bytes(''))).rejects.toMatchObject({ code: 'invalid-request' })
      await log.close()
      expect(await textsOf(logs, 'big')).toEqual(['a', large, 'b', 'z'])
    })

    test('drops what a crash tore, keeps all before it, and goes on after it', async () => {
      for (const torn of [1, 5, 12]) {
        const { logs, tear } = await setup()
        const log = await logs.open('torn')
        for (const text of ['one', 'two', 'three']) await log.append(bytes(text))
        await log.close()
        await tear('torn', torn)
        expect(await textsOf(logs, 'torn')).toEqual(['one', 'two'])
        const again = await logs.open('torn')
        await again.append(bytes('four'))
        await again.close()
        expect(await textsOf(logs, 'torn')).toEqual(['one', 'two', 'four'])
      }
    })

    test('drops zeros that a power cut left at the end', async () => {
      const { logs, tear } = await setup()
      const log = await logs.open('zeros')
      for (const text of ['one', 'two']) await log.append(bytes(text))
      await log.close()
      await tear('zeros', -4096)
      expect(await textsOf(logs, 'zeros')).toEqual(['one', 'two'])
      const again = await logs.open('zeros')
      await again.append(bytes('three'))
      await again.close()
      expect(await textsOf(logs, 'zeros')).toEqual(['one', 'two', 'three'])
    })

    test('never gives a record whose bytes changed, nor what follows it', async () => {
      const { logs, corrupt } = await setup()
      const log = await logs.open('c')
      for (const text of ['one', 'two', 'three']) await log.append(bytes(text))
      await log.close()
      await corrupt('c', 11 + 9)
      expect(await textsOf(logs, 'c')).toEqual(['one'])
    })

    test('lists, renames and removes', async () => {
      const { logs } = await setup()
      for (const name of ['d/2', 'd/1', 'e/1']) await (await logs.open(name)).close()
      expect(await logs.list('d')).toEqual(['d/1', 'd/2'])
      expect(await logs.list('nothing')).toEqual([])
      await logs.rename('d/1', 'd/3')
      await logs.remove('d/2')
      await logs.remove('d/2')
      expect(await logs.list('d')).toEqual(['d/3'])
      expect(await textsOf(logs, 'd/2')).toEqual([])
    })

    test('refuses names that would lead elsewhere', async () => {
      const { logs } = await setup()
      for (const hostile of ['../x', '/etc/passwd', 'a/../../b', '', 'a b', 'a\u0000']) {
        await expect(async () => logs.open(hostile)).rejects.toMatchObject({ code: 'invalid-request' })
        await expect(async () => logs.remove(hostile)).rejects.toMatchObject({ code: 'invalid-request' })
      }
    })
  })
}
