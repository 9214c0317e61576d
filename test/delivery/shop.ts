import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunRecord, StepRecord } from '../../src/contract/run.ts'
import type { Client } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** A project of two steps, one in TypeScript and one a program, with what it needs installed. */
export const shopFiles = (more: { environments?: string; defining?: string; rate?: number } = {}) => ({
  'millwright.config.ts': `import { command, defineProject, environment, pipeline } from 'millwright'
void environment
import { total } from './steps/total.ts'
${more.environments ?? ''}
const told = command('told', [total], ['sh', 'tell.sh'], { sideEffects: true })
export default defineProject('shop', { pipelines: [pipeline('sums', { steps: [told] })], ${more.defining ?? ''} })
`,
  'steps/total.ts': `import { step } from 'millwright'
export const rate = ${more.rate ?? 2}
export const total = step('total', [], async () => 21 * rate)
`,
  'tell.sh': 'echo "{\\"file\\": \\"$(cat "$MILLWRIGHT_INPUTS" | wc -l)\\"}" > "$MILLWRIGHT_OUTPUT"\n',
  'package.json': '{"name": "shop", "private": true, "type": "module"}',
})

/** A folder with these files, where `millwright` is installed. */
export async function projectFolder(files: Record<string, string>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'millwright delivery ')))
  await writeFiles(folder, files)
  await mkdir(join(folder, 'node_modules'))
  await symlink(repository, join(folder, 'node_modules/millwright'))
  return folder
}

export async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

/** As `git` in that folder. */
export const gitIn =
  (cwd: string) =>
  (...line: string[]): string =>
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...line], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()

export async function applyFolder(client: Client, folder: string, actor = 'user:ada') {
  return client.apply({ body: { ...(await loadProject(folder)), actor } })
}

export async function runSums(
  client: Client,
  force = true,
): Promise<{ run: RunRecord; steps: Record<string, StepRecord> }> {
  const { run, steps } = await client.startRun({ body: { pipeline: 'sums', wait: true, force } })
  return { run, steps: Object.fromEntries(steps.map((step) => [step.step, step])) }
}
