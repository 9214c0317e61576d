import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import { type Webhook, type WebhookAttempt, webhookLimits } from '../contract/webhook.ts'
import { actor, connect, defaultServer, inWordsOf } from './connection.ts'
import { ago, bold, dim, green, red, table, yellow } from './output.ts'

interface Options {
  server: string
}

interface ChangeOptions {
  name?: string
  url?: string
  events?: string[]
  description?: string
  secret?: string
  on?: boolean
  off?: boolean
}

/** What came of the last request, in a few words. */
function lastWords(last: WebhookAttempt | null): string {
  if (!last) return 'nothing sent yet'
  return last.reason === null ? `${last.status} ${ago(last.at)}` : `${last.reason}, ${ago(last.at)}`
}

function stateWords({ isActive, waiting, retryAt, setAsideInRow }: Webhook): string {
  if (!isActive) return 'not active'
  const many = waiting >= 1000 ? '1000 or more' : String(waiting)
  if (retryAt !== null || setAsideInRow > 0) return `fails, ${many} wait`
  return waiting > 0 ? `${many} wait` : 'up to date'
}

function print(webhook: Webhook): void {
  const { name, url, events, isSigned, delivered, setAside, attempts, retryAt, last } = webhook
  const seconds = retryAt === null ? 0 : Math.max(0, Math.round((retryAt - Date.now()) / 1000))
  for (const [what, text] of [
    ['name', name],
    ['to', url],
    ['events', events.join(', ')],
    ['signed', isSigned ? 'yes' : 'no'],
    ['state', stateWords(webhook)],
    ['delivered', String(delivered)],
    ['set aside', String(setAside)],
    ['last', lastWords(last)],
    ...(attempts > 0 ? [['next', `asked ${attempts} times in vain; again in ${seconds} s`] as const] : []),
  ] as const)
    console.log(`${what.padEnd(10)} ${text}`)
}

/** A secret is no argument: other users of the machine see those. */
async function secretFrom(from: string | undefined): Promise<string> {
  if (from === undefined) return ''
  if (from !== '-') {
    const secret = process.env[from]
    if (secret) return secret
    throw new MillwrightError('invalid-request', `there is no variable ${from}, or it is empty`, {
      field: 'secret',
      hint: 'Name the variable that holds the secret, or give - to read it from standard input.',
    })
  }
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  const secret = text.replace(/\r?\n$/, '')
  if (secret !== '' && secret.length <= webhookLimits.secret) return secret
  throw new MillwrightError('invalid-request', 'standard input holds no secret, or a very long one', {
    field: 'secret',
  })
}

/** @throws `invalid-request` */
function eventNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new MillwrightError('invalid-request', `"${text.slice(0, 100)}" is no number of an event`, {
    field: '[events...]',
    hint: 'Take the numbers in the first column of `millwright webhook list WEBHOOK`.',
  })
}

const secretOption = [
  '--secret <variable>',
  'sign with the secret that this variable holds; - reads it from standard input',
] as const
const server = ['--server <address>', 'the control plane', defaultServer] as const

export function webhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('send what happens to addresses of others')
  webhook
    .command('list')
    .description('those that there are, and what became of what they were sent')
    .argument('[webhook]', 'one of them, with what was set aside')
    .option(...server)
    .action(async (wanted: string | undefined, options: Options) => {
      const client = connect(options)
      if (wanted === undefined) {
        const { webhooks } = await client.webhooks()
        if (webhooks.length === 0) return console.log('There is none: `millwright webhook add` makes one.')
        const rows = webhooks.map((each) => [
          each.name,
          new URL(each.url).host,
          stateWords(each),
          String(each.delivered),
          String(each.setAside),
          lastWords(each.last),
        ])
        return console.log(table(['name', 'to', 'state', 'delivered', 'set aside', 'last'], rows))
      }
      const found = await client.webhook({ params: { webhook: wanted } })
      print(found.webhook)
      if (found.setAside.length > 0) {
        console.log(`\n${bold('Set aside')}, newest first`)
        const rows = found.setAside.map((each) => [
          String(each.seq),
          each.kind,
          String(each.attempts),
          ago(each.at),
          each.reason,
        ])
        console.log(table(['event', 'what', 'requests', 'when', 'why'], rows))
      }
    })
  webhook
    .command('add')
    .description('send what happens from now on to an address')
    .argument('<name>')
    .argument('<address>')
    .argument('<events...>', 'such as model_version.created, run.failed, alert.*')
    .option(...secretOption)
    .option('--description <text>', 'what it is for')
    .option(...server)
    .action(
      async (
        name: string,
        url: string,
        events: string[],
        options: Options & { secret?: string; description?: string },
      ) => {
        const secret = await secretFrom(options.secret)
        const body = { name, url, events, secret, description: options.description ?? '', actor: actor() }
        const { webhook } = await connect(options).addWebhook({ body })
        console.log(`${webhook.name} is sent what happens from now on.`)
        if (!webhook.isSigned)
          console.error(yellow('Without --secret nobody can tell these requests from those of somebody else.'))
      },
    )
  webhook
    .command('change')
    .description('change what is said here; the rest stays')
    .argument('<webhook>')
    .option('--name <name>')
    .option('--url <address>')
    .option('--events <events...>', 'all that it listens to from now on')
    .option('--description <text>')
    .option(...secretOption)
    .option('--on', 'send what happens from now on')
    .option('--off', 'send nothing, and collect nothing')
    .option(...server)
    .action(async (wanted: string, options: Options & ChangeOptions) => {
      const { name, url, events, description, secret, on, off } = options
      if (on && off) throw new MillwrightError('invalid-request', 'it is either on or off')
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(url === undefined ? {} : { url }),
        ...(events === undefined ? {} : { events }),
        ...(description === undefined ? {} : { description }),
        ...(secret === undefined ? {} : { secret: await secretFrom(secret) }),
        ...(on || off ? { active: on === true } : {}),
      }
      if (Object.keys(change).length === 0)
        throw new MillwrightError('invalid-request', 'nothing to change was said', {
          hint: 'See `millwright webhook change --help`.',
        })
      const body = { ...change, actor: actor() }
      const { webhook } = await connect(options).changeWebhook({ params: { webhook: wanted }, body })
      print(webhook)
    })
  webhook
    .command('test')
    .description('send an example, now and once')
    .argument('<webhook>')
    .argument('[event]', 'of what; without it, of the first that it listens to')
    .option(...server)
    .action(async (wanted: string, event: string | undefined, options: Options) => {
      const body = event === undefined ? {} : { event }
      const { success, status, reason, ms } = await connect(options).testWebhook({ params: { webhook: wanted }, body })
      if (success) return console.log(`${green('Taken')}: it answered ${status} in ${ms} ms.`)
      console.log(`${red('Not taken')}: ${reason} ${dim(`(${ms} ms)`)}`)
      process.exitCode = 1
    })
  webhook
    .command('resend')
    .description('send what was set aside once more, now')
    .argument('<webhook>')
    .argument(
      '[events...]',
      'numbers of events, as `millwright webhook list WEBHOOK` says them; without any, all that was set aside',
    )
    .option(...server)
    .action(async (wanted: string, events: string[], options: Options) => {
      const body = { ...(events.length === 0 ? {} : { events: events.map(eventNumber) }), actor: actor() }
      const asked = connect(options).resendWebhook({ params: { webhook: wanted }, body })
      const { webhook, resent, notSetAside } = await inWordsOf(asked, { events: '[events...]' })
      const on = webhook.resending - resent.length
      if (notSetAside.length > 0) console.log(dim(`Not set aside, or taken meanwhile: ${notSetAside.join(', ')}`))
      if (resent.length > 0)
        console.log(
          `${webhook.name} is sent ${resent.length === 1 ? `event ${resent[0]}` : `${resent.length} events`} again.`,
        )
      else console.log(on > 0 ? `${on} are on their way already.` : 'There is nothing to send again.')
      console.log(dim(`\`millwright webhook list ${webhook.name}\` says what became of it.`))
    })
  webhook
    .command('remove')
    .description('send nothing to it any more; what waits for it is not sent')
    .argument('<webhook>')
    .option(...server)
    .action(async (wanted: string, options: Options) => {
      const call = { params: { webhook: wanted }, query: { actor: actor() } }
      console.log(`${(await connect(options).removeWebhook(call)).removed} is sent nothing any more.`)
    })
}
