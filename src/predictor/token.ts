import { createHash, timingSafeEqual } from 'node:crypto'
import { MillwrightError } from '../base/errors.ts'

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** What whoever asks for predictions must send; without one, everybody may ask who reaches the address. */
export class AskedToken {
  private readonly hash: Buffer | null

  constructor(token: string | undefined) {
    this.hash = token ? hashOf(token) : null
  }

  get isAsked(): boolean {
    return this.hash !== null
  }

  /** @throws `unauthorized` */
  check(authorization: string | undefined): void {
    if (this.hash === null) return
    const sent = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (sent !== undefined && timingSafeEqual(hashOf(sent), this.hash)) return
    throw new MillwrightError('unauthorized', 'this prediction service asks for a token', {
      hint: 'Send `Authorization: Bearer …` with the value of MILLWRIGHT_PREDICTOR_TOKEN that it was started with.',
    })
  }
}
