import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import type { Finding } from '../../../contract/ci.ts'
import { foldersUp } from '../../pipelines/code-files.ts'
import { type CheckVerdict, fault, skipped, verdictOf } from './verdict.ts'

const configFile = 'millwright.config.ts'

/** For a project without a tsconfig.json: what `millwright init` writes. */
const ownOptions = {
  target: 'ES2023',
  lib: ['ES2023'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
}

export interface TypesRequest {
  projectDir: string
  /** The folder of Millwright's own sources, where it runs from them; null for a release. */
  ownSources: string | null
  /** Where a TypeScript is looked for when the project has none. */
  fallback: string
  signal?: AbortSignal
}

/** Compiles the configuration and everything that it imports, with the project's own TypeScript and settings, and writes nothing. */
export async function checkTypes(request: TypesRequest): Promise<CheckVerdict> {
  const { projectDir, ownSources, fallback, signal } = request
  const compiler = compilerFrom(join(projectDir, 'package.json')) ?? compilerFrom(fallback)
  if (!compiler) return skipped('types', 'there is no TypeScript: `npm install --save-dev typescript` in the project')
  const settings = foldersUp(projectDir).find((folder) => existsSync(join(folder, 'tsconfig.json')))
  const folder = join(projectDir, '.millwright', 'ci')
  await mkdir(folder, { recursive: true })
  // Beside the project, because packages with types are looked for from where this file lies.
  const path = join(folder, `tsconfig-${process.pid}.json`)
  const compilerOptions = {
    ...(settings ? {} : ownOptions),
    ...(ownSources ? { customConditions: ['millwright-source'], allowImportingTsExtensions: true } : {}),
    noEmit: true,
    incremental: false,
    composite: false,
  }
  const config = {
    ...(settings ? { extends: join(settings, 'tsconfig.json') } : {}),
    compilerOptions,
    files: [join(projectDir, configFile)],
    include: [],
  }
  try {
    await writeFile(path, JSON.stringify(config))
    const said = await run(process.execPath, [compiler, '-p', path, '--pretty', 'false'], projectDir, signal)
    const all = said === '' ? [] : findingsIn(said, projectDir)
    // What the project's settings make of Millwright's own sources is none of the project's business.
    const isOwn = ({ file }: Finding): boolean =>
      ownSources !== null && resolve(projectDir, file!).startsWith(ownSources)
    const findings = all.filter((finding) => !isOwn(finding))
    if (said !== '' && all.length === 0)
      findings.push(fault(configFile, said.slice(0, 500), 'Run `npx tsc` in the project.'))
    return verdictOf('types', 'the configuration and all that it imports compile', findings)
  } finally {
    await rm(path, { force: true })
  }
}

function compilerFrom(from: string): string | null {
  try {
    return join(dirname(createRequire(from).resolve('typescript/package.json')), 'bin', 'tsc')
  } catch {
    return null
  }
}

/** @returns what the compiler had to say; '' when all is well. */
function run(program: string, args: string[], cwd: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, maxBuffer: 64 << 20, ...(signal ? { signal } : {}) }, (error, stdout, stderr) => {
      if (signal?.aborted) reject(error)
      else resolve(error ? `${stdout}${stderr}`.trim() || error.message : '')
    })
  })
}

/** `file(line,column): error TS2322: message`, with indented lines that explain it further. */
function findingsIn(said: string, projectDir: string): Finding[] {
  const findings: Finding[] = []
  for (const line of said.split('\n')) {
    const found = /^(.+?)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line)
    if (found) {
      const file = relative(projectDir, resolve(projectDir, found[1]!))
      findings.push({
        level: 'error',
        place: file,
        file,
        line: Number(found[2]),
        message: `${found[3]}: ${found[4]}`,
        mend: 'Mend the line; an editor shows what fits there.',
      })
    } else if (findings.length > 0 && /^\s+\S/.test(line) && findings.at(-1)!.message.length < 400) {
      findings.at(-1)!.message += ` ${line.trim()}`
    }
  }
  return findings
}
