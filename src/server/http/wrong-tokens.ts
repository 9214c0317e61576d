import type { FastifyRequest } from 'fastify'
import { MillwrightError } from '../../base/errors.ts'
import { mostWrongTokens, wrongTokensWithinMs } from '../../http/limits.ts'

/** Addresses that are counted at a time, and lines of the log within that time: whoever has many addresses fills neither. */
const mostAddresses = 10_000
const mostLines = 60

/**
 * Counts the tokens that nobody has, by the address they come from. A token that somebody has is taken all the same: it is too long to be
 * found by trying, and whoever else comes by that address, such as by the same proxy, is not to be locked out.
 */
export class WrongTokens {
  private readonly sent = new Map<string, number>()
  private lines = 0
  private until = 0

  /** What a request with such a token is refused with: `unauthorized`, and `too-many-attempts` after the limit. */
  refusal({ ip, log }: Pick<FastifyRequest, 'ip' | 'log'>, otherwise: MillwrightError): MillwrightError {
    const now = performance.now()
    if (now >= this.until) {
      this.sent.clear()
      this.lines = 0
      this.until = now + wrongTokensWithinMs
    }
    const count = (this.sent.get(ip) ?? 0) + 1
    if (count === 1 && this.sent.size >= mostAddresses) this.sent.delete(this.sent.keys().next().value!)
    this.sent.set(ip, count)
    if ((count === 1 || count === mostWrongTokens + 1) && this.lines < mostLines) {
      this.lines += 1
      const more = count === 1 ? '' : `; it has sent ${mostWrongTokens} within a minute, and is told to wait`
      log.warn({ address: ip }, `a token that nobody has was refused${more}`)
    }
    if (count <= mostWrongTokens) return otherwise
    return new MillwrightError('too-many-attempts', `${ip} has sent ${mostWrongTokens} wrong tokens within a minute`, {
      hint: 'Wait a minute, and use a token that `millwright token create` made.',
    })
  }
}
