import { createHash } from 'node:crypto'
import type { Disk, Doc, StoredEvent } from './disk.ts'
import type { Entry } from './ledger.ts'

/** What an earlier look at the home found: it must be there still, as it was. */
export interface Memory {
  /** Steps that were over. */
  steps: Map<string, string>
  /** How often each of them had begun. */
  marks: Map<string, number>
  /** Place in the event log → hash. */
  events: Map<number, string>
}
export const emptyMemory = (): Memory => ({ steps: new Map(), marks: new Map(), events: new Map() })

/** JSON with sorted keys, as the chain's hashes are made; written anew here, so that a fault of the product's own would be seen. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${sorted(member)}`)
    .join(',')}}`
}
export const sealed = ({ previousHash, hash: _, ...said }: StoredEvent): string =>
  createHash('sha256')
    .update(`${previousHash}\n${sorted(said)}`)
    .digest('hex')

function chainFaults({ events, unsealed }: Disk, memory: Memory): string[] {
  const faults = unsealed > 0 ? [`${unsealed} committed events have no number`] : []
  const ids = new Set<string>()
  let head = { seq: 0, hash: '' }
  for (const event of events) {
    if (event.seq !== head.seq + 1) faults.push(`event ${head.seq + 1} is missing`)
    else if (event.previousHash !== head.hash) faults.push(`event ${event.seq} does not name the one before it`)
    else if (sealed(event) !== event.hash) faults.push(`event ${event.seq} does not match its hash`)
    if (ids.has(event.id)) faults.push(`event ${event.id} is there twice`)
    ids.add(event.id)
    head = event
  }
  const hashes = new Map(events.map(({ seq, hash }) => [seq, hash]))
  for (const [seq, hash] of memory.events)
    if (hashes.get(seq) !== hash) faults.push(`event ${seq}, which was there, is gone or another`)
  return faults
}

const overStates = new Set(['succeeded', 'reused', 'skipped'])
/** When a process was seen last is no result. */
const resultOf = ({ heartbeatAt: _, progress: __, ...step }: Doc): string => sorted(step)

function stepFaults({ records, marks }: Disk, memory: Memory): string[] {
  const faults: string[] = []
  const steps = new Map((records.step ?? []).map((step) => [step.id, step]))
  for (const [id, before] of memory.steps) {
    const now = steps.get(id)
    if (!now || resultOf(now) !== before) faults.push(`the finished step ${id} is gone or another`)
    const [then, since] = [memory.marks.get(id) ?? 0, marks.get(id) ?? 0]
    if (since !== then) faults.push(`the finished step ${id} ran again: it had begun ${then} times, now ${since}`)
  }
  for (const { id, attempt, state } of steps.values()) {
    const began = marks.get(id) ?? 0
    if (state === 'succeeded' && began > Number(attempt)) {
      // The start of an attempt that the kill left no record of is the one that may be missing, and only of the last.
      faults.push(`the step ${id} began ${began} times in ${attempt} attempts`)
    }
  }
  return faults
}

/** Once of each: its end is told by one event. */
const tellsOnce = [
  'run.succeeded',
  'step.succeeded',
  'step.reused',
  'model.registered',
  'deployment.started',
  'deployment.completed',
]
function eventFaults({ events, records }: Disk): string[] {
  const faults: string[] = []
  const told = new Map<string, number>()
  for (const { type, subject, data } of events) {
    if (!tellsOnce.includes(type)) continue
    const what = `${type} ${subject} ${data.deployment ?? data.version ?? data.step ?? ''}`
    told.set(what, (told.get(what) ?? 0) + 1)
  }
  for (const [what, times] of told) if (times > 1) faults.push(`the event ${what} is told ${times} times`)
  for (const { id, state } of records.run ?? [])
    if (state === 'succeeded' && !told.has(`run.succeeded run:${id} `))
      faults.push(`no event tells that ${id} succeeded`)
  for (const { id, endpoint } of records.deployment ?? [])
    if (!told.has(`deployment.started endpoint:${endpoint} ${id}`)) faults.push(`no event tells that ${id} began`)
  return faults
}

function blobFaults({ records, blobs }: Disk): string[] {
  const faults: string[] = []
  for (const [name, hash] of blobs) if (name !== hash) faults.push(`blob ${name} has bytes of the hash ${hash}`)
  const referenced: [string, unknown][] = [
    ...(records.step ?? []).flatMap((step) =>
      (step.artifacts as { hash: string }[]).map(({ hash }): [string, unknown] => [step.id, hash]),
    ),
    ...(records.run ?? []).map((run): [string, unknown] => [run.id, run.pipelineHash]),
    ...(records.package ?? []).map((each): [string, unknown] => [each.id, each.blob]),
    ...(records.batch ?? []).map((batch): [string, unknown] => [batch.id, batch.contentHash]),
    ...(records.model_version ?? []).flatMap((version) =>
      ['modelHash', 'onnxHash', 'referenceHash', 'goldenHash', 'cardHash'].map((field): [string, unknown] => [
        version.id,
        version[field],
      ]),
    ),
  ]
  for (const [of, hash] of referenced)
    if (typeof hash === 'string' && !blobs.has(hash)) faults.push(`blob ${hash} of ${of} is missing`)
  return faults
}

interface Logged {
  id: string
  requestId: string
  endpoint: string
  version: string
  role: string
  eventTime: number
}
/** Null of what is no record. */
function readLine(text: string): Logged | null {
  try {
    return JSON.parse(text) as Logged
  } catch {
    return null
  }
}

interface Answered {
  parameters: { prediction_ids: string }
}
function predictionFaults({ predictions, torn }: Disk, entries: readonly Entry[]): string[] {
  const faults = torn.map((segment) => `segment ${segment} is here otherwise than with the prediction service`)
  const ids = new Map<string, string>()
  const ofRequest = new Map<string, number>()
  for (const { segment, line, text } of predictions) {
    const record = readLine(text)
    if (!record) {
      faults.push(`line ${line} of segment ${segment} cannot be read`)
      continue
    }
    const { id, requestId } = record
    if (id !== `${segment}.${line}`) faults.push(`line ${line} of segment ${segment} names itself ${id}`)
    if (ids.has(id)) faults.push(`prediction ${id} is there twice`)
    ids.set(id, requestId)
    ofRequest.set(requestId, (ofRequest.get(requestId) ?? 0) + 1)
  }
  const sent = new Map<string, number>()
  for (const entry of entries) {
    if (entry.kind !== 'prediction') continue
    if (entry.what === 'sent') sent.set(entry.key, (sent.get(entry.key) ?? 0) + 1)
    else {
      for (const id of (entry.answer as Answered).parameters.prediction_ids.split(' '))
        if (ids.get(id) !== entry.key) faults.push(`the acknowledged prediction ${id} of ${entry.key} is lost`)
    }
  }
  for (const [key, times] of ofRequest)
    if (times > (sent.get(key) ?? 0))
      faults.push(`request ${key} was sent ${sent.get(key) ?? 0} times and is logged ${times} times`)
  return faults
}

interface SentRows {
  rows?: { order_id: string }[]
}
function rowFaults({ rows, waiting }: Disk, entries: readonly Entry[]): string[] {
  const faults: string[] = []
  for (const [key, times] of rows) if (times > 1) faults.push(`order ${key} is in the dataset ${times} times`)
  for (const entry of entries) {
    if (entry.what !== 'acknowledged' || entry.kind !== 'rows') continue
    for (const { order_id } of (entry.asked as SentRows).rows ?? [])
      if (!rows.has(order_id) && !waiting.includes(order_id)) faults.push(`the acknowledged order ${order_id} is lost`)
  }
  return faults
}

function labelFaults({ labels }: Disk, entries: readonly Entry[]): string[] {
  const faults: string[] = []
  const last = new Map(labels.map(({ key, value }) => [key, value]))
  for (const entry of entries) {
    if (entry.what !== 'acknowledged' || entry.kind !== 'labels') continue
    for (const { key, value } of (entry.asked as { labels: { key: string; value: unknown }[] }).labels)
      if (last.get(key) !== value) faults.push(`the acknowledged label of ${key} is lost`)
  }
  return faults
}

function changeFaults({ records, events }: Disk, entries: readonly Entry[]): string[] {
  const faults: string[] = []
  const { run = [], deployment = [], model_version = [], clock = [] } = records
  for (const entry of entries) {
    if (entry.what !== 'acknowledged') continue
    const { key, kind } = entry
    if (kind === 'run') {
      const { id } = (entry.answer as { run: Doc }).run
      if (!run.some((each) => each.id === id)) faults.push(`the acknowledged run ${id} is lost`)
      const same = run.filter(({ reason }) => reason === key)
      if (same.length !== 1) faults.push(`the request ${key} made ${same.length} runs`)
    } else if (kind === 'model file') {
      const { id } = (entry.answer as { version: Doc }).version
      const same = model_version.filter((version) => version.model === 'small')
      if (same.length !== 1 || same[0]!.id !== id) faults.push(`the request ${key} made ${same.length} versions`)
    } else if (kind === 'deployment') {
      const answer = entry.answer as { refused?: string; deployment?: Doc; id?: string }
      if (answer.refused !== undefined) continue
      const id = answer.deployment?.id ?? answer.id
      if (!deployment.some((each) => each.id === id)) faults.push(`the acknowledged deployment ${id} is lost`)
      const [type, end] = answer.deployment
        ? ['deployment.rolled-back', `: ${key}`]
        : ['deployment.started', `(${key})`]
      const told = events.filter((event) => event.type === type && event.message.endsWith(end))
      if (told.length !== 1) faults.push(`the request ${key} changed the deployment ${told.length} times`)
    } else if (kind === 'clock') {
      const { to } = entry.asked as { to: number }
      if (Number(clock[0]?.at) < to) faults.push(`the clock stands before ${to}, to which it was moved`)
    }
  }
  return faults
}

/** What was measured of a period that is over must be what was answered in it. */
function measurementFaults({ records, predictions }: Disk): string[] {
  const lines = predictions.flatMap(({ text }) => readLine(text) ?? [])
  return (records.measurement ?? []).flatMap(
    ({ id, kind, endpoint, version, role, from, to, predictions: measured }) => {
      if (kind === 'drift' || version === '') return []
      const there = lines.filter(
        (line) =>
          line.endpoint === endpoint &&
          line.version === version &&
          line.role === role &&
          line.eventTime >= Number(from) &&
          line.eventTime < Number(to),
      ).length
      return there === measured ? [] : [`${id} measured ${measured} predictions, and ${there} are logged`]
    },
  )
}

/** Everything that must hold after any kill. @returns what does not, in words. */
export function faultsOf(disk: Disk, entries: readonly Entry[], memory: Memory): string[] {
  return [
    ...chainFaults(disk, memory),
    ...eventFaults(disk),
    ...stepFaults(disk, memory),
    ...blobFaults(disk),
    ...predictionFaults(disk, entries),
    ...measurementFaults(disk),
    ...rowFaults(disk, entries),
    ...labelFaults(disk, entries),
    ...changeFaults(disk, entries),
  ]
}

/** What the next look must find again. */
export function remembered({ records, marks, events }: Disk): Memory {
  const over = (records.step ?? []).filter(({ state }) => overStates.has(String(state)))
  return {
    steps: new Map(over.map((step) => [step.id, resultOf(step)])),
    marks: new Map(over.map(({ id }) => [id, marks.get(id) ?? 0])),
    events: new Map(events.map(({ seq, hash }) => [seq, hash])),
  }
}
