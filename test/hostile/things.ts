import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '../../src/sdk/client.ts'
import { defineProject } from '../../src/sdk/index.ts'
import type { RunningServer } from '../../src/server/start.ts'
import { orders, replayFrom, shop } from '../fixtures/shop-orders.ts'
import type { Json, Other, Things } from './every-route.ts'
import { modelFile } from './processes.ts'

const artifacts = '(/ajax-api|/api)/2\\.0/mlflow-artifacts'
const at = (pattern: string): RegExp => new RegExp(`^(GET|HEAD|PUT|POST|DELETE|PATCH|OPTIONS) ${pattern}$`)
/** What a part of an upload is sent with. */
const upload = { path: 'x.bin', upload_id: 'none', num_parts: 1, parts: [{ part_number: 1, etag: 'x' }] }

/** Routes that are in no table, with what they take: their files say so in schemas of their own. */
export const others: readonly Other[] = [
  { url: at(`${artifacts}/artifacts`), query: { path: 'x' } },
  { url: at(`${artifacts}/artifacts/\\*`), bytes: true },
  { url: at(`${artifacts}/mpu/part/:upload/:number`), bytes: true },
  { url: at(`${artifacts}/mpu/(create|complete|abort)/\\*`), body: upload },
  {
    url: at('(/ajax-api|/api)/2\\.0/mlflow/artifacts/list'),
    query: { run_id: 'x', run_uuid: 'x', path: 'x', page_token: 'x' },
  },
  { url: at('(/ajax-api/2\\.0/mlflow)?/get-artifact'), query: { run_id: 'x', run_uuid: 'x', path: 'x' } },
  {
    url: at('(/ajax-api/2\\.0/mlflow)?/model-versions/get-artifact'),
    query: { name: 'm', version: '1', path: 'MLmodel' },
  },
  { url: at('(/ajax-api|/api)/3\\.0/mlflow/server-info') },
  { url: at('/version') },
  { url: at('/api') },
  { url: at('/openapi\\.json') },
  { url: at('/api/test-reset') },
  // The screens.
  { url: at('/\\*') },
]

const definition = defineProject('shop', {
  replayFrom: new Date(replayFrom),
  entities: [shop],
  datasets: [orders],
}).define((file) => file)

/**
 * A home with something of everything that requests can name: a project, a run with a file, a logged model, a registered one with an alias, an endpoint.
 *
 * @param before what there was, of which some may be gone.
 * @returns what is there, by the names that requests have for it.
 */
export async function thingsOf(
  { address }: Pick<RunningServer, 'address'>,
  project: string,
  before?: Things,
): Promise<Things> {
  const client = createClient(address)
  const post = async (path: string, body: object): Promise<Record<string, Json>> => {
    const answer = await fetch(`${address}/api/2.0/mlflow/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await answer.json()) as Record<string, Json>
  }
  if (!before) {
    writeFileSync(join(project, 'orders.csv'), 'order_id,ordered_at,shop,kind,price,returned\n')
    await client.apply({ body: { definition, projectDir: project } })
    const call = { params: { model: 'small' }, query: {}, body: modelFile }
    await client.addModelFile(call)
  }
  const number = before ? Number(before.round) + 1 : 1
  const { experiment_id } = (await post('experiments/create', { name: `tried ${number}` })) as { experiment_id: string }
  const { run } = (await post('runs/create', { experiment_id, run_name: 'tried' })) as {
    run: { info: { run_id: string } }
  }
  const { run_id } = run.info
  const logged = (await post('logged-models', { experiment_id, name: 'tried', source_run_id: run_id })) as {
    model: { info: { model_id: string } }
  }
  const { model_id } = logged.model.info
  const root = `${experiment_id}/${run_id}/artifacts`
  await fetch(`${address}/api/2.0/mlflow-artifacts/artifacts/${root}/model/MLmodel`, {
    method: 'PUT',
    body: 'flavors: {}',
  })
  await post('registered-models/create', { name: 'm' })
  const source = `runs:/${run_id}/model`
  await post('model-versions/create', { name: 'm', source, run_id })
  await post('registered-models/alias', { name: 'm', alias: 'best', version: '1' })
  const pair = { key: 'k', value: 'v' }
  const metric = { key: 'k', value: 1, timestamp: 1, step: 0, model_id, dataset_name: 'd', dataset_digest: 'd' }
  const dataset = { name: 'd', digest: 'd', source_type: 's', source: '{}', schema: '{}', profile: '{}' }
  return {
    round: number,
    // Of the protocol.
    ...{ experiment_id, run_id, run_uuid: run_id, model_id, source, alias: 'best', version: '1', name: 'm' },
    ...{
      experiment_name: 'Default',
      new_name: `renamed ${number}`,
      artifact_location: 's3://bucket/x',
      url: 'https://93.184.215.14/x',
      secret: 's',
      events: [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }],
    },
    ...{ experiment_ids: [experiment_id], run_ids: [run_id], model_ids: [model_id], tags: [pair], params: [pair] },
    ...{ metrics: [metric], inputs: [{ model_id }], outputs: [{ model_id, step: 0 }], models: [{ model_id, step: 0 }] },
    ...{
      datasets: [{ dataset, tags: [pair], dataset_name: 'd', dataset_digest: 'd' }],
      filter: '',
      order_by: [] as Json[],
    },
    ...{
      key: 'k',
      value: '1',
      timestamp: 1,
      step: 0,
      metric_key: 'k',
      allow_deleted: false,
      dataset_name: 'd',
      dataset_digest: 'd',
    },
    ...{ view_type: 'ACTIVE_ONLY', run_view_type: 'ACTIVE_ONLY', max_results: 10, page_token: '', status: 'RUNNING' },
    ...{ run_name: 'x', user_id: 'x', start_time: 1, end_time: 2, description: 'x', run_link: 'x', stage: 'Staging' },
    ...{ archive_existing_versions: false, stages: ['None'], tag_key: 'k', model_type: 'x', source_run_id: run_id },
    ...{ model_json: '{}', start_step: 0, end_step: 1, upload: 'none', number: '1', '*': `${root}/model/MLmodel` },
    // Of the contract, where one name means two things by the route.
    ...{ run: run_id, experiments: experiment_id, dataset: 'orders', path: 'orders.csv', model: 'small' },
    ...{ endpoint: 'small', predictor: 'tried', segment: '20250101-tried-1', waitMs: 1, wait: false, actor: 'ada' },
    ...{
      // What whoever may run programs and apply definitions names is run and read: neither is tried.
      plan: { definition: null },
      apply: { definition: null },
      runScript: { command: [] as Json[] },
      trackedFiles: { path: 'model' },
      trackedFilePreview: { path: 'model/MLmodel' },
    },
  }
}
