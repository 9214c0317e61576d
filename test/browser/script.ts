/** What a script logs through the door of MLflow's protocol, without Python. */
export class Script {
  constructor(private readonly address: string) {}

  private async post(path: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.address}/api/2.0/mlflow/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    return (await response.json()) as Record<string, unknown>
  }

  async experiment(name: string): Promise<string> {
    return (await this.post('experiments/create', { name })).experiment_id as string
  }

  /** @returns the id of a run that goes on. */
  async start(experiment: string, name: string, startedAt = Date.now()): Promise<string> {
    const { run } = await this.post('runs/create', {
      experiment_id: experiment,
      run_name: name,
      user_id: 'ada',
      start_time: startedAt,
    })
    return (run as { info: { run_id: string } }).info.run_id
  }

  async log(
    run: string,
    what: {
      params?: Record<string, string>
      tags?: Record<string, string>
      metrics?: readonly { key: string; value: number | string; step: number; timestamp: number }[]
    },
  ): Promise<void> {
    const pairs = (of: Record<string, string> = {}) => Object.entries(of).map(([key, value]) => ({ key, value }))
    const metrics = what.metrics ?? []
    await this.post('runs/log-batch', {
      run_id: run,
      params: pairs(what.params),
      tags: pairs(what.tags),
      metrics: metrics.slice(0, 800),
    })
    for (let from = 800; from < metrics.length; from += 1000)
      await this.post('runs/log-batch', { run_id: run, metrics: metrics.slice(from, from + 1000) })
  }

  async input(run: string, name: string, digest: string): Promise<void> {
    const dataset = {
      name,
      digest,
      source_type: 'local',
      source: '{"uri":"orders.csv"}',
      schema: '{"columns":["a","b"]}',
    }
    await this.post('runs/log-inputs', {
      run_id: run,
      datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'training' }] }],
    })
  }

  async file(experiment: string, run: string, path: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const address = `${this.address}/api/2.0/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/${path}`
    const response = await fetch(address, { method: 'PUT', body: content })
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  }

  async end(run: string, status = 'FINISHED', endedAt = Date.now()): Promise<void> {
    await this.post('runs/update', { run_id: run, status, end_time: endedAt })
  }
}
