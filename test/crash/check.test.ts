import { expect, test } from 'vitest'
import { emptyMemory, faultsOf, remembered, sealed } from './check.ts'
import type { Disk, StoredEvent } from './disk.ts'
import { differences, endState } from './end-state.ts'
import type { Entry } from './ledger.ts'

const blob = (digit: string): string => digit.repeat(64)

function eventsOf(said: Pick<StoredEvent, 'type' | 'subject' | 'message' | 'data'>[]): StoredEvent[] {
  let previousHash = ''
  return said.map((each, place) => {
    const event = {
      ...each,
      seq: place + 1,
      id: `evt_${place}`,
      stage: 'pipelines',
      actor: 'user:replay',
      level: 'info',
      time: 5,
      recordedAt: 6,
      previousHash,
      hash: '',
    }
    previousHash = sealed(event)
    return { ...event, hash: previousHash }
  })
}

/** A home in which one of everything was acknowledged and is there. */
function whole(): { disk: Disk; entries: Entry[] } {
  const line = (id: number, requestId: string, version = 'returns@1') =>
    JSON.stringify({ id: `s.${id}`, requestId, endpoint: 'returns', version, role: 'primary', eventTime: 10 + id })
  const disk: Disk = {
    records: {
      run: [
        {
          id: 'run_1',
          pipeline: 'close',
          reason: 'close-1',
          startedBy: 'user:replay',
          state: 'succeeded',
          time: 1,
          pipelineHash: blob('a'),
        },
      ],
      step: [
        {
          id: 'run_1/told',
          runId: 'run_1',
          state: 'succeeded',
          attempt: 1,
          artifacts: [{ name: 'told.txt', hash: blob('b') }],
        },
      ],
      package: [{ id: 'package', blob: blob('c') }],
      batch: [
        {
          id: 'batch_1',
          dataset: 'orders',
          state: 'accepted',
          contentHash: blob('d'),
          addedIn: 1,
          removedIn: null,
          rows: 1,
        },
      ],
      model_version: [{ id: 'small@1', model: 'small', onnxHash: blob('e'), modelHash: null }],
      deployment: [{ id: 'dep_1', endpoint: 'returns', version: 'returns@1', state: 'serving' }],
      measurement: [
        {
          id: 'm',
          kind: 'service',
          endpoint: 'returns',
          version: 'returns@1',
          role: 'primary',
          from: 10,
          to: 12,
          predictions: 2,
        },
      ],
      clock: [{ id: 'clock', at: 100 }],
    },
    events: eventsOf([
      { type: 'run.succeeded', subject: 'run:run_1', message: 'close succeeded', data: {} },
      { type: 'step.succeeded', subject: 'step:run_1/told', message: 'told', data: { step: 'told' } },
      {
        type: 'deployment.started',
        subject: 'endpoint:returns',
        message: 'returns@1 takes all (again-1)',
        data: { deployment: 'dep_1' },
      },
    ]),
    unsealed: 0,
    predictions: [
      { segment: 's', line: 0, text: line(0, 'ask-1') },
      { segment: 's', line: 1, text: line(1, 'ask-2') },
    ],
    torn: [],
    labels: [{ key: 'k', value: 1 }],
    blobs: new Map(['a', 'b', 'c', 'd', 'e'].map((digit) => [blob(digit), blob(digit)])),
    rows: new Map([['o1;', 1]]),
    waiting: 'bytes o2; bytes',
    marks: new Map([['run_1/told', 1]]),
  }
  const answered = (id: string) => ({
    parameters: { prediction_ids: id },
    model_version: '1',
    outputs: [{ name: 'probability', data: [0.5] }],
  })
  const both = (key: string, kind: string, asked: unknown, answer: unknown): Entry[] => [
    { what: 'sent', key, kind },
    { what: 'acknowledged', key, kind, asked, answer },
  ]
  const entries: Entry[] = [
    ...both('ask-1', 'prediction', {}, answered('s.0')),
    ...both('ask-2', 'prediction', {}, answered('s.1')),
    ...both('rows-1', 'rows', { rows: [{ order_id: 'o1;' }, { order_id: 'o2;' }] }, { accepted: 2 }),
    ...both('labels-1', 'labels', { labels: [{ key: 'k', value: 1 }] }, { accepted: 1 }),
    ...both('close-1', 'run', {}, { run: { id: 'run_1' } }),
    ...both('model-file', 'model file', null, { version: { id: 'small@1' } }),
    ...both('again-1', 'deployment', {}, { id: 'dep_1' }),
    ...both('clock-100', 'clock', { to: 100 }, { now: 100 }),
  ]
  return { disk, entries }
}

test('nothing is found where all is there, also at a second look', () => {
  const { disk, entries } = whole()
  expect(faultsOf(disk, entries, emptyMemory())).toEqual([])
  expect(faultsOf(disk, entries, remembered(disk))).toEqual([])
})

type Change = (disk: Disk, entries: Entry[]) => void
const first = (disk: Disk, kind: string) => disk.records[kind]![0]!

test.each<[string, string, Change]>([
  [
    'a line of the log is lost',
    'the acknowledged prediction s.1 of ask-2 is lost',
    ({ predictions }) => predictions.pop(),
  ],
  [
    'a line is there twice',
    'prediction s.1 is there twice',
    ({ predictions }) => predictions.push({ ...predictions[1]!, line: 2 }),
  ],
  [
    'a request is logged again, and was sent once',
    'request ask-2 was sent 1 times and is logged 2 times',
    ({ predictions }) => predictions.push({ segment: 's', line: 2, text: predictions[1]!.text.replace('s.1', 's.2') }),
  ],
  [
    'a line is another request’s',
    'the acknowledged prediction s.0 of ask-1 is lost',
    ({ predictions }) => {
      predictions[0]!.text = predictions[0]!.text.replace('ask-1', 'ask-9')
    },
  ],
  [
    'half a line stands between others',
    'line 0 of segment s cannot be read',
    (disk) => {
      disk.predictions[0]!.text = '{"id":'
      disk.records.measurement = []
    },
  ],
  ['what was shipped differs', 'segment s is here otherwise', ({ torn }) => torn.push('s')],
  [
    'the monitor missed a prediction',
    'm measured 1 predictions, and 2 are logged',
    (disk) => Object.assign(first(disk, 'measurement'), { predictions: 1 }),
  ],
  ['an order is lost', 'the acknowledged order o1; is lost', ({ rows }) => rows.clear()],
  [
    'an order that waits is lost',
    'the acknowledged order o2; is lost',
    (disk) => {
      disk.waiting = 'bytes o22; bytes'
    },
  ],
  ['an order is there twice', 'order o1; is in the dataset 2 times', ({ rows }) => rows.set('o1;', 2)],
  ['a label is lost', 'the acknowledged label of k is lost', ({ labels }) => labels.pop()],
  ['a label is another', 'the acknowledged label of k is lost', ({ labels }) => labels.push({ key: 'k', value: 0 })],
  ['a run is lost', 'the acknowledged run run_1 is lost', ({ records }) => records.run!.pop()],
  [
    'a run was started twice',
    'the request close-1 made 2 runs',
    ({ records }) => records.run!.push({ ...records.run![0]!, id: 'run_2', state: 'failed' }),
  ],
  [
    'a version is there twice',
    'the request model-file made 2 versions',
    ({ records }) => records.model_version!.push({ ...records.model_version![0]!, id: 'small@2' }),
  ],
  ['a deployment is lost', 'the acknowledged deployment dep_1 is lost', ({ records }) => records.deployment!.pop()],
  [
    'a deployment began twice',
    'the request again-1 changed the deployment 2 times',
    (disk) => {
      disk.events = eventsOf([...disk.events, { ...disk.events[2]!, data: { deployment: 'dep_2' } }])
    },
  ],
  ['the clock went back', 'the clock stands before 100', (disk) => Object.assign(first(disk, 'clock'), { at: 99 })],
  ['a blob is missing', `blob ${blob('b')} of run_1/told is missing`, ({ blobs }) => blobs.delete(blob('b'))],
  [
    'a blob is corrupted',
    `blob ${blob('b')} has bytes of the hash ${blob('f')}`,
    ({ blobs }) => blobs.set(blob('b'), blob('f')),
  ],
  [
    'an event is changed',
    'event 2 does not match its hash',
    (disk) => Object.assign(disk.events[1]!, { message: 'another' }),
  ],
  ['an event is dropped', 'event 2 is missing', ({ events }) => events.splice(1, 1)],
  ['events are exchanged', 'event 1 is missing', ({ events }) => events.reverse()],
  ['an event has no number', '1 committed events have no number', (disk) => Object.assign(disk, { unsealed: 1 })],
  [
    'the chain is rewritten',
    'event 1, which was there, is gone or another',
    (disk) => {
      disk.events = eventsOf(
        disk.events.map((event) => ({ ...event, message: `${event.message}!`.replace('(again-1)!', '! (again-1)') })),
      )
    },
  ],
  [
    'a run succeeded twice',
    'the event run.succeeded run:run_1  is told 2 times',
    (disk) => {
      disk.events = eventsOf([...disk.events, disk.events[0]!])
    },
  ],
  [
    'a finished step is another',
    'the finished step run_1/told is gone or another',
    (disk) => Object.assign(first(disk, 'step'), { attempt: 2 }),
  ],
  ['a finished step began again', 'the finished step run_1/told ran again', ({ marks }) => marks.set('run_1/told', 2)],
])('%s: it is found', (_, fault, change) => {
  const { disk, entries } = whole()
  const memory = remembered(disk)
  change(disk, entries)
  expect(faultsOf(disk, entries, memory).join('\n')).toContain(fault)
})

test('an acknowledgement that the ledger does not have makes a request that nobody sent', () => {
  const { disk, entries } = whole()
  const without = entries.filter(({ key }) => key !== 'ask-2')
  expect(faultsOf(disk, without, emptyMemory())).toEqual(['request ask-2 was sent 0 times and is logged 1 times'])
})

test('another end is told, part by part; wall-clock times and repeated requests make none', () => {
  const { disk, entries } = whole()
  const end = endState(disk, entries)
  const again = whole()
  again.disk.predictions.push({ segment: 't', line: 0, text: again.disk.predictions[0]!.text.replace('s.0', 't.0') })
  Object.assign(first(again.disk, 'run'), { endedAt: 99 })
  expect(differences(end, endState(again.disk, again.entries))).toEqual([])
  Object.assign(first(again.disk, 'batch'), { contentHash: blob('f') })
  Object.assign(first(again.disk, 'deployment'), { state: 'rolled-back' })
  expect(differences(end, endState(again.disk, again.entries)).map((text) => text.split(':')[0])).toEqual([
    'batches',
    'deployments',
  ])
  const other = entries.map((entry) =>
    entry.what === 'acknowledged' && entry.key === 'ask-1'
      ? { ...entry, answer: { model_version: '2', outputs: [] } }
      : entry,
  )
  expect(differences(end, endState(disk, other)).map((text) => text.split(':')[0])).toEqual(['answers'])
})
