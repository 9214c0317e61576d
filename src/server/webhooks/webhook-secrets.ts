import { existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { syncFolder } from '../../backends/filesystem/atomic-file.ts'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { WebhookSecrets } from '../../domain/governance/webhooks.ts'
import { writePrivately } from '../private-file.ts'
import { turns } from '../turns.ts'

const fileSchema = z.strictObject({ secrets: z.record(z.string(), z.string()) })

/**
 * The secrets by which webhooks sign, in a file of the home that only its owner may read: records are copied, searched and shown, this is not. Deliveries
 * need a secret as it is, so that it cannot be kept as a hash.
 */
export class WebhookSecretFile implements WebhookSecrets {
  private readonly path: string
  private readonly inTurn = turns()
  private readonly secrets: Map<string, string>

  /** @throws `forbidden` for a file that cannot be read */
  constructor(private readonly home: string) {
    this.path = join(home, 'webhook-secrets.json')
    try {
      const { secrets } = existsSync(this.path)
        ? fileSchema.parse(JSON.parse(readFileSync(this.path, 'utf8')))
        : { secrets: {} }
      this.secrets = new Map(Object.entries(secrets))
    } catch (cause) {
      // What is wrong with it may hold a part of it.
      const why =
        cause instanceof z.ZodError || cause instanceof SyntaxError ? 'it is not what was written' : messageOf(cause)
      throw new MillwrightError('forbidden', `the secrets of webhooks cannot be read: ${why}`, {
        hint: `Mend ${this.path}, or remove it and give every signed webhook a secret anew.`,
      })
    }
  }

  of(id: string): string | null {
    return this.secrets.get(id) ?? null
  }

  /** Is on the disk when it resolves. */
  set(id: string, secret: string | null): Promise<void> {
    return this.inTurn(async () => {
      if ((this.secrets.get(id) ?? null) === secret) return
      if (secret === null) this.secrets.delete(id)
      else this.secrets.set(id, secret)
      await this.write()
    })
  }

  /** What a kill between the two left of webhooks that are not there. */
  async keepOnly(ids: readonly string[]): Promise<void> {
    for (const id of [...this.secrets.keys()]) if (!ids.includes(id)) await this.set(id, null)
  }

  private async write(): Promise<void> {
    writePrivately(this.path, `${JSON.stringify({ secrets: Object.fromEntries(this.secrets) })}\n`)
    const file = await open(this.path, 'r')
    await file.sync().finally(() => file.close())
    await syncFolder(this.home)
  }
}
