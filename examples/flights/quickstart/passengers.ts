import { Agent, request } from 'node:http'
import type { Flights } from './world.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 8 })

function post(url: string, body: unknown): Promise<unknown> {
  const text = JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () => {
          const answer = Buffer.concat(pieces).toString()
          if (response.statusCode === 200) resolve(JSON.parse(answer))
          else reject(new Error(`${response.statusCode}: ${answer}`))
        })
      },
    )
    sent.on('error', reject)
    sent.end(text)
  })
}

/** Passengers who ask, at departure, whether they will land late: some one by one in plain form, some in batches of tensors. */
export class Passengers {
  asked = 0
  refused = 0

  constructor(private readonly predictor: string) {}

  async ask(flights: Flights): Promise<void> {
    const count = flights.flight_id.length
    if (count === 0) return
    // One of ten asks alone, the agency of the others asks for many at once.
    const alone = Math.ceil(count / 10)
    const asking: Promise<unknown>[] = []
    for (let at = 0; at < alone; at += 1) asking.push(this.one(flights, at))
    if (alone < count) asking.push(this.many(flights, alone, count))
    await Promise.all(asking)
  }

  /** The same question to a version by name, with the inputs given: for comparing answers. */
  async answersFor(inputs: Record<string, (number | string | null)[]>): Promise<number[]> {
    const names = Object.keys(inputs)
    const answer = (await post(`${this.predictor}/v2/models/flights/infer`, {
      inputs: names.map((name) => ({
        name,
        shape: [inputs[name]!.length],
        datatype: inputs[name]!.some((value) => typeof value === 'string') ? 'BYTES' : 'FP64',
        data: inputs[name],
      })),
    })) as { outputs: { name: string; data: number[] }[] }
    return answer.outputs.find((output) => output.name === 'probability')!.data
  }

  private async one(flights: Flights, at: number): Promise<void> {
    const { flight_id, departs_at, origin, destination, distance } = flights
    await this.count(
      1,
      post(`${this.predictor}/v2/models/flights/infer`, {
        flight_id: flight_id[at],
        departs_at: departs_at[at],
        origin: origin[at],
        destination: destination[at],
        distance: distance[at],
      }),
    )
  }

  private async many(flights: Flights, from: number, to: number): Promise<void> {
    const tensor = (name: string, datatype: string, values: unknown[]) => ({
      name,
      datatype,
      shape: [to - from],
      data: values.slice(from, to),
    })
    const { flight_id, departs_at, origin, destination, distance } = flights
    await this.count(
      to - from,
      post(`${this.predictor}/v2/models/flights/infer`, {
        inputs: [
          tensor('flight_id', 'BYTES', flight_id),
          tensor('departs_at', 'INT64', departs_at),
          tensor('origin', 'BYTES', origin),
          tensor('destination', 'BYTES', destination),
          tensor('distance', 'FP64', distance),
        ],
      }),
    )
  }

  private async count(rows: number, answer: Promise<unknown>): Promise<void> {
    try {
      await answer
      this.asked += rows
    } catch (error) {
      this.refused += rows
      throw error
    }
  }
}
