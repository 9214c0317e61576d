/** What a key of a filter belongs to. */
export type SearchEntity = 'attribute' | 'metric' | 'param' | 'tag' | 'dataset'

/**
 * `integer` takes no fraction; `digits` is an id in digits, written as text, of which only equality means anything; a `folder` is equal to all that it lies in, too.
 */
export type SearchKind = 'text' | 'number' | 'integer' | 'digits' | 'folder'

export interface SearchAttribute {
  kind: SearchKind
  /** Other names of the same attribute. */
  aliases?: readonly string[]
  /** True where a number may stand in quotes. */
  quoted?: true
}

/** What can be searched, and by what. Everything that the parser, the completion and the evaluator know of it. */
export interface SearchSubject {
  /** The words before the dot. The first word of an entity is the one that is proposed. */
  words: Readonly<Record<string, SearchEntity>>
  attributes: Readonly<Record<string, SearchAttribute>>
  /** What the rows can be ordered by; the values are other names of the attribute. */
  order: { entities: readonly SearchEntity[]; attributes: Readonly<Record<string, readonly string[]>> }
  /** Tags that count as having this value where they are absent. */
  absentTags?: Readonly<Record<string, string>>
}

/** Keys of a dataset that a run has read. */
export const datasetKeys = ['name', 'digest', 'context'] as const

const text = { kind: 'text' } as const
const tagsOnly = { tags: 'tag', tag: 'tag', attribute: 'attribute' } as const
// A client asks for everything that is no prompt by comparing a tag that models do not have.
const absentTags = { 'mlflow.prompt.is_prompt': 'false' } as const

/** The five searches of the MLflow protocol, with the words and attributes that each of them has there. */
export const searchSubjects = {
  runs: {
    words: {
      metrics: 'metric',
      metric: 'metric',
      params: 'param',
      param: 'param',
      parameters: 'param',
      parameter: 'param',
      tags: 'tag',
      tag: 'tag',
      attributes: 'attribute',
      attribute: 'attribute',
      attr: 'attribute',
      run: 'attribute',
      dataset: 'dataset',
      datasets: 'dataset',
    },
    attributes: {
      run_id: text,
      run_name: { kind: 'text', aliases: ['run name', 'Run name', 'Run Name'] },
      user_id: text,
      status: text,
      artifact_uri: text,
      start_time: { kind: 'number', aliases: ['created', 'Created', 'Start Time'] },
      end_time: { kind: 'number' },
      folder: { kind: 'folder' },
    },
    order: {
      entities: ['attribute', 'metric', 'param', 'tag'],
      attributes: {
        run_id: [],
        run_name: [],
        user_id: [],
        status: [],
        artifact_uri: [],
        start_time: ['created', 'Created', 'Start Time'],
        end_time: [],
      },
    },
  },
  experiments: {
    words: tagsOnly,
    attributes: {
      name: text,
      experiment_id: { kind: 'digits' },
      creation_time: { kind: 'integer' },
      last_update_time: { kind: 'integer' },
      folder: { kind: 'folder' },
    },
    order: {
      entities: ['attribute'],
      attributes: { name: [], experiment_id: [], creation_time: [], last_update_time: [] },
    },
  },
  registeredModels: {
    words: tagsOnly,
    attributes: { name: text },
    order: { entities: ['attribute'], attributes: { name: [], last_updated_timestamp: ['timestamp'] } },
    absentTags,
  },
  modelVersions: {
    words: tagsOnly,
    attributes: {
      name: text,
      version_number: { kind: 'integer', quoted: true },
      run_id: text,
      source_path: text,
    },
    order: {
      entities: ['attribute'],
      attributes: { name: [], version_number: [], creation_timestamp: [], last_updated_timestamp: [] },
    },
    absentTags,
  },
  loggedModels: {
    words: { metrics: 'metric', params: 'param', tags: 'tag', attributes: 'attribute' },
    attributes: {
      name: text,
      model_id: text,
      model_type: text,
      status: text,
      source_run_id: text,
      creation_timestamp: { kind: 'number', aliases: ['creation_time'] },
      last_updated_timestamp: { kind: 'number', aliases: ['last_updated_time'] },
    },
    order: {
      entities: ['attribute', 'metric'],
      attributes: {
        name: [],
        model_id: [],
        model_type: [],
        status: [],
        source_run_id: [],
        creation_timestamp: ['creation_time'],
        last_updated_timestamp: ['last_updated_time'],
      },
    },
  },
} as const satisfies Record<string, SearchSubject>

export type SearchSubjectName = keyof typeof searchSubjects

/** The rules of a subject, for code that reads all of them alike. */
export function searchSubject(name: SearchSubjectName): SearchSubject {
  return searchSubjects[name]
}

/** Whether a field holds texts or numbers. */
export function kindOf(subject: SearchSubject, field: { entity: SearchEntity; key: string }): SearchKind {
  if (field.entity === 'metric') return 'number'
  if (field.entity === 'attribute') return subject.attributes[field.key]?.kind ?? 'text'
  return 'text'
}
