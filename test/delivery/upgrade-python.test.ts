import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { askedPackages } from '../../src/server/upgrade/asked.ts'
import { Pip } from '../../src/server/upgrade/python-locks.ts'
import { projectFolder } from './shop.ts'

/** Why these cannot run here; null when they can. */
function reason(): string | null {
  try {
    execFileSync('python3', ['-c', 'import ensurepip, venv'], { stdio: 'ignore' })
    return null
  } catch {
    return 'needs python3 with venv'
  }
}
const why = reason()

/** Makes wheels, with nothing but what the format asks for (PEP 427). */
const wheels = `
import sys, zipfile
for spec in sys.argv[2:]:
    name, version, *needs = spec.split(' ')
    info = f'{name}-{version}.dist-info'
    meta = f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n' + ''.join(f'Requires-Dist: {need}\\n' for need in needs)
    with zipfile.ZipFile(f'{sys.argv[1]}/{name}-{version}-py3-none-any.whl', 'w') as wheel:
        wheel.writestr(f'{name}.py', f'version = "{version}"\\n')
        wheel.writestr(f'{info}/METADATA', meta)
        wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(f'{info}/RECORD', '')
`

describe.skipIf(why)(`locks of Python${why ? ` (skipped: ${why})` : ''}`, { timeout: 300_000 }, () => {
  let folder: string
  let pip: Pip
  const lockPath = () => join(folder, 'requirements.txt')
  const behind = (text: string, reach: 'minor' | 'latest', ...packages: string[]) =>
    writeFile(lockPath(), `--find-links wheels\n${text}`).then(() =>
      pip.behind(lockPath(), 'requirements.txt', { reach, packages: askedPackages(packages) }),
    )
  const moved = ({ behind }: { behind: { name: string; from: string; to: string }[] }) =>
    behind.map(({ name, from, to }) => `${name} ${from} ${to}`)

  beforeAll(async () => {
    folder = await projectFolder({})
    await mkdir(join(folder, 'wheels'))
    const specs = [
      'apple 1.0',
      'apple 1.4',
      'apple 2.0 seed>=1',
      'seed 1.0',
      'pear 0.3.0',
      'pear 0.3.9',
      'pear 0.4.0',
      'fig 1.0 apple<2',
    ]
    execFileSync('python3', ['-c', wheels, join(folder, 'wheels'), ...specs])
    vi.stubEnv('PIP_NO_INDEX', '1')
    vi.stubEnv('PIP_FIND_LINKS', '')
    pip = new Pip(join(folder, 'pip'))
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    if (folder) await rm(folder, { recursive: true, force: true })
  })
  const lock = '# fruit\napple==1.0\npear==0.3.0 ; python_version > "3"\n'

  it('are behind as far as a caret goes, or to the newest; what is asked for alone leaves the rest', async () => {
    expect(moved(await behind(lock, 'minor'))).toEqual(['apple 1.0 1.4', 'pear 0.3.0 0.3.9'])
    expect(moved(await behind(lock, 'latest'))).toEqual(['apple 1.0 2.0', 'pear 0.3.0 0.4.0'])
    expect(moved(await behind(lock, 'latest', 'Pear'))).toEqual(['pear 0.3.0 0.4.0'])
    expect(moved(await behind(lock, 'minor', 'apple@2.0'))).toEqual(['apple 1.0 2.0'])
    expect(moved(await behind('apple==2.0\n', 'latest'))).toEqual([])
    // One holds the other back.
    expect(moved(await behind('apple==1.0\nfig==1.0\n', 'latest'))).toEqual(['apple 1.0 1.4'])
    await expect(behind('apple==1.0\nfig==1.0\n', 'latest', 'apple@2.0')).rejects.toMatchObject({
      code: 'missing-package',
      message: expect.stringMatching(/no set that fits: Cannot install/),
    })
    expect((await behind('apple\n', 'minor')).notes).toEqual([expect.stringContaining('apple is not pinned')])
  })

  it('are written line by line, with what the new version needs, and hashes where there were some', async () => {
    const to = [{ lock: 'requirements.txt', name: 'apple', from: '1.0', to: '2.0' }]
    await writeFile(lockPath(), '--find-links wheels\n# fruit\napple==1.0  # red\npear==0.3.0 ; python_version > "3"\n')
    await pip.write(lockPath(), to)
    expect(await readFile(lockPath(), 'utf8')).toBe(
      '--find-links wheels\n# fruit\napple==2.0\npear==0.3.0 ; python_version > "3"\nseed==1.0\n',
    )

    const hashOf = (file: string): string =>
      createHash('sha256')
        .update(readFileSync(join(folder, 'wheels', file)))
        .digest('hex')
    await writeFile(
      lockPath(),
      `--find-links wheels\napple==1.0 \\\n    --hash=sha256:${hashOf('apple-1.0-py3-none-any.whl')}\n`,
    )
    await pip.write(lockPath(), to)
    const text = await readFile(lockPath(), 'utf8')
    expect(text).toBe(
      `--find-links wheels\napple==2.0 \\\n    --hash=sha256:${hashOf('apple-2.0-py3-none-any.whl')}\nseed==1.0 \\\n    --hash=sha256:${hashOf('seed-1.0-py3-none-any.whl')}\n`,
    )
    // pip takes it with its hashes.
    execFileSync(
      join(folder, 'pip/bin/python'),
      ['-m', 'pip', 'install', '--quiet', '--dry-run', '--require-hashes', '-r', lockPath()],
      {},
    )
  })
})
