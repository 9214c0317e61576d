import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answers, Place, root, upLine, userName } from './as-user.ts'

/** The major version of npm that this machine does not have; both must install the lockfile. */
const otherNpm = execFileSync('npm', ['--version'], { encoding: 'utf8' }).startsWith('10.') ? 'npm@11' : 'npm@10'

describe(`a fresh clone, installed with ${otherNpm} by ${userName}`, () => {
  const place = new Place()
  const clone = join(place.folder, 'clone')

  beforeAll(async () => {
    const config = join(place.folder, 'gitconfig')
    // The repository may belong to somebody else, as on machines that build.
    writeFileSync(config, '[safe]\n\tdirectory = *\n')
    execFileSync('git', ['clone', '--quiet', root, clone], { env: { ...process.env, GIT_CONFIG_GLOBAL: config } })
    place.own(place.folder)
    await place.run('npx', ['--yes', otherNpm, 'ci', '--no-fund', '--no-audit'], clone)
  }, 480_000)
  afterAll(() => place.remove())

  test('has the ONNX runtime for this machine, whose install script did not run', async () => {
    const load = 'import("onnxruntime-node").then((ort) => console.log(typeof ort.InferenceSession.create))'
    expect((await place.run(process.execPath, ['-e', load], clone)).trim()).toBe('function')
  })

  test('runs the command line at once, without a build', { timeout: 60_000 }, async () => {
    expect(await place.run('npx', ['millwright', '--help'], clone)).toContain('Usage: millwright')
  })

  test('starts both processes on a free port, answers, and stops', { timeout: 180_000 }, async () => {
    const args = ['millwright', 'up', '--port', '0', '--predict-port', '0', '--home', join(place.folder, 'state')]
    const up = await place.start('npx', args, upLine, clone)
    const [, server, predictor] = up.match
    expect([await answers(server!), await answers(predictor!)]).toEqual([true, true])
    const page = await fetch(server!, { headers: { accept: 'text/html' } })
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<div id="root">')])
    await up.interrupt()
    const open = () => Promise.all([server!, predictor!].map(answers))
    await expect.poll(open, { timeout: 15_000, message: up.said() }).toEqual([false, false])
  })

  test('leaves the clone as it was: nothing that is not ignored', async () => {
    expect(await place.run('git', ['status', '--porcelain'], clone)).toBe('')
  })
})
