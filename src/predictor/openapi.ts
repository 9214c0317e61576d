type Schema = Record<string, unknown>

const text: Schema = { type: 'string' }
const object = (properties: Record<string, Schema>, required = Object.keys(properties)): Schema => ({
  type: 'object',
  required,
  properties,
})
const list = (items: Schema): Schema => ({ type: 'array', items })

const value: Schema = { type: ['string', 'number', 'boolean', 'null'] }
const row: Schema = { type: 'object', additionalProperties: value }
const tensor = object({ name: text, shape: list({ type: 'integer', minimum: 0 }), datatype: text, data: list(value) })
const signature = object({ name: text, datatype: text, shape: list({ type: 'integer' }) })

const predicted = { prediction: value, probability: { type: 'number' }, prediction_id: text }
const about = { model: text, version: text, id: text, feature_age_ms: { type: 'number' } }
/** As it was asked: tensors for tensors, one row for one, `predictions` for several. */
const answer: Schema = {
  anyOf: [
    object({ model_name: text, model_version: text, id: text, parameters: { type: 'object' }, outputs: list(tensor) }),
    object({ ...predicted, ...about }, ['prediction', 'prediction_id', 'model', 'version', 'id']),
    object({ predictions: list(object(predicted, ['prediction', 'prediction_id'])), ...about }, [
      'predictions',
      'model',
      'version',
      'id',
    ]),
  ],
}
const question: Schema = {
  anyOf: [object({ id: text, inputs: list(tensor) }, ['inputs']), object({ id: text, rows: list(row) }, ['rows']), row],
}

const json = (schema: Schema): Schema => ({ 'application/json': { schema } })
const refused: Schema = { description: 'Refused', content: json({ $ref: '#/components/schemas/Error' }) }
const model: Schema = { name: 'model', in: 'path', required: true, schema: text, description: 'Name of an endpoint' }
const version: Schema = { name: 'version', in: 'path', required: true, schema: text }

interface Operation {
  path: string
  method?: 'get' | 'post'
  name: string
  summary: string
  schema?: Schema
  /** Answers of the same form with another status. */
  also?: Record<number, string>
}

const ofModel = (at: string, suffix: string): Operation[] => [
  {
    path: `${at}/infer`,
    method: 'post',
    name: `infer${suffix}`,
    summary: 'Ask for predictions: tensors of the Open Inference Protocol, {column: value}, or {rows: [...]}',
    schema: answer,
  },
  {
    path: `${at}/ready`,
    name: `modelReady${suffix}`,
    summary: 'Whether it is loaded',
    schema: object({ name: text, ready: { type: 'boolean' } }),
    also: { 503: 'Not loaded yet' },
  },
  {
    path: at,
    name: `model${suffix}`,
    summary: 'What it takes and answers',
    schema: object({
      name: text,
      versions: list(text),
      platform: text,
      inputs: list(signature),
      outputs: list(signature),
    }),
  },
]

const operations: Operation[] = [
  {
    path: '/health',
    name: 'health',
    summary: 'Whether the process is up, what it serves, and the head of the event log as it last saw it',
    schema: object({
      status: { const: 'ok' },
      version: text,
      endpoints: list(text),
      revision: text,
      witness: object({ seq: { type: 'integer' }, hash: text }),
    }),
  },
  { path: '/metrics', name: 'metrics', summary: 'Figures for Prometheus' },
  {
    path: '/v2',
    name: 'server',
    summary: 'What this is',
    schema: object({ name: text, version: text, extensions: list(text) }),
  },
  {
    path: '/v2/health/live',
    name: 'live',
    summary: 'Whether the process is up',
    schema: object({ live: { type: 'boolean' } }),
  },
  {
    path: '/v2/health/ready',
    name: 'ready',
    summary: 'Whether it has a plan to serve by',
    schema: object({ ready: { type: 'boolean' } }),
    also: { 503: 'No plan yet' },
  },
  ...ofModel('/v2/models/{model}', ''),
  ...ofModel('/v2/models/{model}/versions/{version}', 'OfVersion'),
]

/** What the prediction service answers, as an OpenAPI 3.1 document. */
export function predictorOpenApi(ofVersion: string): Schema {
  const paths: Record<string, Schema> = {}
  for (const { path, method = 'get', name, summary, schema, also = {} } of operations) {
    const content = schema ? json(schema) : { 'text/plain': { schema: text } }
    paths[path] = {
      ...paths[path],
      [method]: {
        operationId: name,
        summary,
        parameters: [model, version].filter(({ name: of }) => path.includes(`{${of}}`)),
        ...(method === 'post' ? { requestBody: { required: true, content: json(question) } } : {}),
        responses: {
          200: { description: 'Done', content },
          ...Object.fromEntries(
            Object.entries(also).map(([status, description]) => [status, { description, content }]),
          ),
          default: refused,
        },
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Millwright prediction service', version: ofVersion, description: 'The Open Inference Protocol.' },
    paths,
    components: { schemas: { Error: object({ error: text }) } },
  }
}
