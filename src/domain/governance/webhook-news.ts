import type { Event } from '../../contract/events.ts'
import { promptTag, type RegistryTag } from '../../contract/registry.ts'
import { isRegistryNews, type RegistryNews, typesOf, type WebhookRecord } from '../../contract/webhook.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { locationOf } from '../registry/registered-versions.ts'

/** What a webhook is sent: MLflow's envelope. */
export interface WebhookNews {
  entity: string
  action: string
  data: object
}

/** What is sent, with the kind by which it was listened to. */
export interface HeardNews extends WebhookNews {
  kind: string
}

type Reader = Pick<Metadata, 'registry' | 'get'>
interface About {
  event: Event
  name: string
  reader: Reader
}

/** Tags by which MLflow knows a prompt; they are no news of it. */
const promptTags: readonly string[] = [promptTag, '_mlflow_prompt_type']
const promptText = 'mlflow.prompt.text'

const asObject = (tags: readonly RegistryTag[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ key, value }) => [key, value]))
const numberOf = (version: unknown): string => String(version).slice(String(version).lastIndexOf('@') + 1)
const described = (text: unknown): string | null => (typeof text === 'string' && text !== '' ? text : null)

/** Those that were said with it; a long list is not in the event, and read as it is now. */
async function tagsOf({ event, reader }: About): Promise<RegistryTag[]> {
  if (Array.isArray(event.data.tags)) return event.data.tags as RegistryTag[]
  const { version } = event.data
  const key = event.subject.slice('model:'.length)
  return typeof version === 'string'
    ? ((await reader.registry.versionTags([version])).get(version) ?? [])
    : ((await reader.registry.modelTags([key])).get(key) ?? [])
}

/** A long one is not in the event. */
async function noteOf({ event, reader }: About): Promise<string | null> {
  const key = event.subject.slice('model:'.length)
  const found = await reader.registry.version(key, Number(numberOf(event.data.version)))
  return found?.note.description ?? null
}

const modelDescription = async ({ event, reader }: About): Promise<unknown> =>
  event.data.description ?? (await reader.registry.model(event.subject.slice('model:'.length)))?.description ?? ''

async function versionNews(about: About): Promise<Record<string, unknown>> {
  const { event, name, reader } = about
  const id = String(event.data.version)
  const number = numberOf(id)
  const record = await reader.get('model_version', id)
  const own = record && locationOf(record)
  return {
    name,
    version: number,
    source: event.data.source ?? own ?? `models:/${name}/${number}`,
    run_id: event.data.run ?? null,
    tags: asObject(await tagsOf(about)),
    description: described(event.data.description ?? (await noteOf(about))),
  }
}

async function tagNews(about: About): Promise<object> {
  const { event, name } = about
  const key = String(event.data.key)
  const version = event.data.version === null ? {} : { version: numberOf(event.data.version) }
  if (event.type === 'model.tag-removed') return { name, ...version, key }
  const value = event.data.value ?? (await tagsOf(about)).find((tag) => tag.key === key)?.value ?? ''
  return { name, ...version, key, value }
}

async function promptVersionNews(about: About): Promise<object> {
  const { source: _, run_id: __, tags, ...rest } = await versionNews(about)
  const { [promptText]: template = null, ...others } = tags as Record<string, string>
  return { ...rest, template, tags: withoutPromptTags(others) }
}

const withoutPromptTags = (tags: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !promptTags.includes(key)))

const data: Record<RegistryNews, (about: About) => Promise<object>> = {
  'registered_model.created': async (about) => ({
    name: about.name,
    tags: asObject(await tagsOf(about)),
    description: await modelDescription(about),
  }),
  'model_version.created': versionNews,
  'model_version_tag.set': tagNews,
  'model_version_tag.deleted': tagNews,
  'model_version_alias.created': async ({ event, name }) => ({
    name,
    alias: event.data.alias,
    version: numberOf(event.data.to),
  }),
  'model_version_alias.deleted': async ({ event, name }) => ({ name, alias: event.data.alias }),
  'prompt.created': async (about) => ({
    name: about.name,
    tags: withoutPromptTags(asObject(await tagsOf(about))),
    description: await modelDescription(about),
  }),
  'prompt_version.created': promptVersionNews,
  'prompt_tag.set': tagNews,
  'prompt_tag.deleted': tagNews,
  'prompt_version_tag.set': tagNews,
  'prompt_version_tag.deleted': tagNews,
  'prompt_alias.created': async ({ event, name }) => ({
    name,
    alias: event.data.alias,
    version: numberOf(event.data.to),
  }),
  'prompt_alias.deleted': async ({ event, name }) => ({ name, alias: event.data.alias }),
}

/** Whether an event of the right type is what the kind means: of a prompt or of a model, of a version or of the whole. */
async function isMeant(kind: RegistryNews, event: Event, reader: Reader): Promise<boolean> {
  const ofModel = kind === 'prompt_tag.set' || kind === 'prompt_tag.deleted'
  if (event.type.startsWith('model.tag-') && (event.data.version === null) !== ofModel) return false
  const key = event.subject.slice('model:'.length)
  const tags = [
    ...((await reader.registry.modelTags([key])).get(key) ?? []),
    ...((event.data.tags ?? []) as RegistryTag[]),
  ]
  const isPrompt = tags.some((tag) => tag.key === promptTag && tag.value.toLowerCase() === 'true')
  return kind.startsWith('prompt') === isPrompt
}

/** What a webhook that listens so is sent of an event; null for nothing. An event is sent once: in MLflow's words where it listens to these. */
export async function newsOf(
  event: Event,
  listens: WebhookRecord['listens'],
  reader: Reader,
): Promise<HeardNews | null> {
  const heard = listens.filter(
    ({ kind, after }) => event.seq > after && (typesOf(kind) as readonly string[]).includes(event.type),
  )
  for (const { kind } of heard) {
    if (!isRegistryNews(kind) || !(await isMeant(kind, event, reader))) continue
    const model = await reader.registry.model(event.subject.slice('model:'.length))
    const name = model?.name ?? event.subject.slice('model:'.length)
    return { kind, ...partsOf(kind), data: await data[kind]({ event, name, reader }) }
  }
  const own = heard.find(({ kind }) => !isRegistryNews(kind))
  return own ? { kind: event.type, ...partsOf(event.type), data: event } : null
}

function partsOf(kind: string): { entity: string; action: string } {
  const [entity, action] = kind.split('.')
  return { entity: entity!, action: action! }
}

const exampleModel = { name: 'example_model' }
const tags = { example_key: 'example_value' }
const exampleTag = { key: 'example_key', value: 'example_value' }
/** As MLflow's examples, so that a receiver that was made for them knows them. */
const examples: Record<RegistryNews, object> = (() => {
  const models = {
    'registered_model.created': { ...exampleModel, tags, description: 'An example registered model' },
    'model_version.created': {
      ...exampleModel,
      version: '1',
      source: 'models:/123',
      run_id: 'abcd1234abcd5678',
      tags,
      description: 'An example model version',
    },
    'model_version_tag.set': { ...exampleModel, version: '1', ...exampleTag },
    'model_version_tag.deleted': { ...exampleModel, version: '1', key: exampleTag.key },
    'model_version_alias.created': { ...exampleModel, alias: 'example_alias', version: '1' },
    'model_version_alias.deleted': { ...exampleModel, alias: 'example_alias' },
  }
  const name = 'example_prompt'
  return {
    ...models,
    'prompt.created': { name, tags, description: 'An example prompt' },
    'prompt_version.created': {
      name,
      version: '1',
      template: 'Hello {{name}}!',
      tags,
      description: 'An example prompt version',
    },
    'prompt_tag.set': { name, ...exampleTag },
    'prompt_tag.deleted': { name, key: exampleTag.key },
    'prompt_version_tag.set': { name, version: '1', ...exampleTag },
    'prompt_version_tag.deleted': { name, version: '1', key: exampleTag.key },
    'prompt_alias.created': { name, alias: 'example_alias', version: '1' },
    'prompt_alias.deleted': { name, alias: 'example_alias' },
  }
})()

/** What a test sends of a kind: in place of an event that never was, one that says so. */
export function exampleOf(kind: string, now: number): WebhookNews {
  if (isRegistryNews(kind)) return { ...partsOf(kind), data: examples[kind] }
  const [type] = typesOf(kind)
  const example = {
    seq: 0,
    id: 'evt_example',
    type: type!,
    subject: 'webhook:example',
    actor: 'system',
    message: 'This is a test: nothing happened',
    level: 'info',
    time: now,
    recordedAt: now,
    data: {},
  }
  return { ...partsOf(type!), data: example }
}
