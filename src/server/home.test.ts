import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isAlive } from '../base/folder-lock.ts'
import { takeHome } from './home.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millwright home '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const lock = () => join(folder, 'server.pid')

const written = () => JSON.parse(readFileSync(lock(), 'utf8')) as { owner: { pid: number; mark: string }; keeper: null }
const write = (owner: { pid: number; mark?: string }, more: object = {}): void =>
  writeFileSync(lock(), JSON.stringify({ owner: { mark: '', ...owner }, keeper: null, isLeaving: false, ...more }))

it('belongs to one process, until it lets go', async () => {
  const home = await takeHome(folder)
  expect(written().owner.pid).toBe(process.pid)
  // As another process that lives would have written it.
  write({ pid: process.ppid })
  await expect(takeHome(folder)).rejects.toThrow(`another control plane (process ${process.ppid}) uses ${folder}`)
  home.release()
  ;(await takeHome(folder)).release()
  expect(readdirSync(join(folder, 'tables'))).toEqual([])
})

it.skipIf(process.platform !== 'linux')(
  'after a reboot, another process that has the number of the dead one is no owner',
  async () => {
    await takeHome(folder)
    const { mark } = written().owner
    for (const earlier of [mark.replace(/^[^/]+/, 'another-boot'), `${mark.split('/')[0]}/1`]) {
      write({ pid: process.ppid, mark: earlier })
      await takeHome(folder)
      expect(written().owner).toEqual({ pid: process.pid, mark })
    }
  },
)

it('a process that says it is leaving is waited for', async () => {
  const neighbour = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 700)'])
  const ended = new Promise((resolve) => neighbour.once('exit', resolve))
  write({ pid: neighbour.pid! }, { isLeaving: true })
  const home = await takeHome(folder)
  expect(isAlive(neighbour.pid!)).toBe(false)
  home.leave()
  expect(written()).toMatchObject({ owner: { pid: process.pid }, isLeaving: true })
  await ended
})

it('a process whose keeper was killed is waited for, although it has not noticed', async () => {
  const keeper = spawn(process.execPath, ['-e', ''])
  await new Promise((resolve) => keeper.once('exit', resolve))
  const neighbour = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 700)'])
  const ended = new Promise((resolve) => neighbour.once('exit', resolve))
  write({ pid: neighbour.pid! }, { keeper: { pid: keeper.pid, mark: '' } })
  await takeHome(folder)
  expect(isAlive(neighbour.pid!)).toBe(false)
  await ended
  // One whose keeper lives stays.
  write({ pid: process.ppid }, { keeper: { pid: process.pid, mark: '' } })
  await expect(takeHome(folder)).rejects.toThrow('another control plane')
})

it.skipIf(process.platform !== 'linux')(
  'a process that is dead has nothing, although nobody has asked after it, and keeps nobody',
  async () => {
    // What the shell becomes never asks after the child that it does not know.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const dead = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))))
    const stateOf = () => / ([A-Z]) /.exec(readFileSync(`/proc/${dead}/stat`, 'utf8'))?.[1]
    await expect.poll(stateOf).toBe('Z')
    expect(isAlive(dead)).toBe(false)
    write({ pid: dead }, { keeper: { pid: process.pid, mark: '' } })
    ;(await takeHome(folder)).release()
    // One that it kept is on its way.
    const neighbour = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 700)'])
    write({ pid: neighbour.pid! }, { keeper: { pid: dead, mark: '' } })
    ;(await takeHome(folder)).release()
    expect(isAlive(neighbour.pid!)).toBe(false)
    const ended = new Promise((resolve) => parent.once('exit', resolve))
    parent.kill()
    await ended
  },
)

it('of a process that died in the middle of taking it, nothing is left to wait for', async () => {
  writeFileSync(lock(), '')
  ;(await takeHome(folder)).release()
})
