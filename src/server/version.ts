import { readFileSync } from 'node:fs'

/** Of the package, read once. */
export const millwrightVersion: string = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).version
