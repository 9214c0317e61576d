import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answers, Place, root, upLine, userName } from './as-user.ts'

// The package as it would be published, installed where there is nothing: no clone, no compiler, no rights.
describe(`the packed package, installed by ${userName}`, () => {
  const place = new Place()
  const installed = join(place.folder, 'node_modules/millwright')

  beforeAll(async () => {
    // The repository's .npmrc keeps scripts of packages from running, and this package's own with them.
    execFileSync(
      'npm',
      ['pack', '--loglevel=error', '--ignore-scripts=false', '--pack-destination', join(place.folder, '..')],
      {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    const tarball = readdirSync(join(place.folder, '..')).find((file) => file.endsWith('.tgz'))!
    writeFileSync(join(place.folder, 'package.json'), '{ "name": "mine", "private": true, "type": "module" }\n')
    place.own(place.folder)
    await place.run('npm', ['install', '--no-fund', '--no-audit', `../${tarball}`])
  }, 480_000)
  afterAll(() => place.remove())

  test('holds the built modules, their types and the screens, and no sources or tests', () => {
    for (const file of [
      'dist/cli/main.js',
      'dist/sdk/index.d.ts',
      'dist/ui/index.html',
      'python/run_notebook.py',
      'python/promote_notebook.py',
      'README.md',
      'LICENSE',
    ]) {
      expect(existsSync(join(installed, file)), file).toBe(true)
    }
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
      (file) => !file.startsWith('node_modules'),
    )
    expect(files.filter((file) => /\.(test|conformance)\.|^(src|test|bench)\//.test(file))).toEqual([])
    const bytes = files.map((file) => statSync(join(installed, file))).reduce((sum, { size }) => sum + size, 0)
    expect(bytes).toBeLessThan(8 << 20)
  })

  test('brings no package that runs a script of its own to work, and not the ONNX runtime', () => {
    expect(existsSync(join(place.folder, 'node_modules/onnxruntime-node'))).toBe(false)
  })

  test('knows its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect((await place.run('npx', ['millwright', '--version'])).trim()).toBe(version)
  })

  test('makes a project that compiles, starts, trains, predicts and stops', { timeout: 300_000 }, async () => {
    await place.run('npx', ['millwright', 'init'])
    expect(readFileSync(join(place.folder, '.npmrc'), 'utf8')).toContain('ignore-scripts=true')
    expect(existsSync(join(place.folder, 'millwright.config.ts'))).toBe(true)
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [compiler, '-p', '.'], { cwd: place.folder, stdio: 'inherit' })

    const up = await place.start('npx', ['millwright', 'up', '--port', '0', '--predict-port', '0'], upLine)
    const [, server, predictor] = up.match
    expect([await answers(server!), await answers(predictor!)]).toEqual([true, true])
    const page = await fetch(server!, { headers: { accept: 'text/html' } })
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<div id="root">')])

    await place.run('npx', ['millwright', 'ingest', 'orders', '--server', server!])
    await place.run('npx', ['millwright', 'run', 'train-returns', '--server', server!])
    const order = { order_id: 'new', ordered_at: Date.UTC(2025, 6, 1), shop: 'harbour', kind: 'shoe', price: 80 }
    const ask = async () => {
      const answer = await fetch(`${predictor}/v2/models/returns/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(order),
      })
      return { status: answer.status, text: await answer.text() }
    }
    // The prediction service hears of the deployment a moment later.
    await expect
      .poll(ask, { timeout: 30_000 })
      .toMatchObject({ status: 200, text: expect.stringContaining('probability') })

    await up.interrupt()
    const open = () => Promise.all([server!, predictor!].map(answers))
    await expect.poll(open, { timeout: 15_000, message: up.said() }).toEqual([false, false])
  })
})
