import { execFileSync, spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { ProcessUsage, parsePs } from './process-usage.ts'

test('sums memory and CPU time over a group of processes', async () => {
  const burn =
    'const keep = Buffer.alloc(60e6, 1); while (process.cpuUsage().user < 300_000); setInterval(() => keep, 1000)'
  const child = spawn('/bin/sh', ['-c', `"$0" -e "$1" & "$0" -e "$1" & wait`, process.execPath, burn], {
    detached: true,
  })
  try {
    const usage = new ProcessUsage()
    const look = async () => (await usage.sample(new Set([child.pid!]))).get(child.pid!)!
    let used = await look()
    for (let tries = 0; tries < 100 && used.cpuSeconds < 0.6; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      used = await look()
    }
    expect(used.cpuSeconds).toBeGreaterThanOrEqual(0.6)
    expect(used.memoryMb).toBeGreaterThan(2 * 60)
    expect(used.memoryMb).toBeLessThan(2 * 300)
    // Known members alone are read the next time, and say the same.
    const again = await look()
    expect(again.memoryMb).toBeCloseTo(used.memoryMb, -1)
  } finally {
    process.kill(-child.pid!, 'SIGKILL')
  }
})

test('a leader without processes is left out', async () => {
  expect(await new ProcessUsage().sample(new Set([999_999_999]))).toEqual(new Map())
})

test('reads the lines of ps, of macOS and of Linux', () => {
  expect(parsePs('  501  20480   0:01.50\n  502 1024 1-02:03:04\n garbage\n')).toEqual([
    { group: 501, memoryMb: 20, cpuSeconds: 1.5 },
    { group: 502, memoryMb: 1, cpuSeconds: 86_400 + 2 * 3600 + 3 * 60 + 4 },
  ])
  const real = parsePs(execFileSync('ps', ['-axo', 'pgid=,rss=,time='], { encoding: 'utf8' }))
  expect(real.length).toBeGreaterThan(1)
})
