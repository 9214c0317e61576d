import { execFileSync } from 'node:child_process'

const probe = [
  '-m',
  'pip',
  'download',
  '--quiet',
  '--no-deps',
  '--dest',
  '/tmp/millwright-pip-probe',
  'nbclient==0.11.0',
]

/** Why notebooks cannot be executed here; null when they can. */
export function whyNoNotebooks(): string | null {
  try {
    execFileSync('python3', probe, { stdio: 'ignore', timeout: 60_000 })
    return null
  } catch {
    return 'needs python3 with pip, and a package index that it reaches'
  }
}
