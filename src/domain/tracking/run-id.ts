import { randomBytes } from 'node:crypto'

/** 32 hexadecimal digits: 48 bits of time, then chance. Runs of one hour lie side by side in every index. */
export const newRunId = (): string => Date.now().toString(16).padStart(12, '0') + randomBytes(10).toString('hex')
