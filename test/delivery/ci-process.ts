/** Stands in for `millwright ci`, with one check: whether the project has a file `broken`. The same options, the same files, in a second. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { CheckResult } from '../../src/contract/package.ts'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { signPackage } from '../../src/domain/delivery/package-file.ts'
import { loadProject } from '../../src/sdk/project-file.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { project: text, branch: text, package: text, json: text, key: text } })
const isBroken = existsSync(join(values.project!, 'broken'))
const checks: CheckResult[] = [
  { check: 'data', outcome: isBroken ? 'failed' : 'passed', summary: isBroken ? 'it is broken' : 'it is not broken' },
]
await writeFile(values.json!, JSON.stringify({ checks, variables: Object.keys(process.env) }))
if (isBroken) {
  console.error(`the project is broken, and the token is ${process.env.SHOP_TOKEN}`)
  process.exit(1)
}
const packed = await packProject({
  ...(await loadProject(values.project!)),
  by: 'ci',
  millwright: '1.0.0',
  checks,
  branch: values.branch!,
})
await mkdir(values.package!, { recursive: true })
const bytes = values.key ? signPackage(packed.bytes, readFileSync(values.key, 'utf8'), 'ci') : packed.bytes
await writeFile(join(values.package!, 'shop.zip'), bytes)
