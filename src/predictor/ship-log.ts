import { closeSync, openSync, readSync } from 'node:fs'
import type { Client } from '../sdk/client.ts'
import type { PredictionLog, Segment } from './prediction-log.ts'

const pieceBytes = 4 << 20

/**
 * Brings the prediction log to the control plane, segment by segment, each from where the control plane has it. It says how much it has, so
 * a repeat, of either side after any crash, is not taken twice.
 */
export class LogShipper {
  /** What the control plane is known to have, by segment. */
  private readonly shipped = new Map<string, number>()

  constructor(
    private readonly client: Client,
    private readonly predictor: string,
    private readonly log: PredictionLog,
  ) {}

  /** Ships all that is written by now. */
  async ship(): Promise<void> {
    for (const segment of this.log.segments()) {
      await this.shipSegment(segment)
      if (segment.closed && this.shipped.get(segment.name) === segment.size) {
        this.log.drop(segment)
        this.shipped.delete(segment.name)
      }
    }
  }

  private async shipSegment(segment: Segment): Promise<void> {
    let offset = this.shipped.get(segment.name) ?? (await this.send(segment.name, 0, new Uint8Array(0)))
    const { size } = segment
    while (offset < size) {
      const piece = readPiece(segment.path, offset, Math.min(pieceBytes, size - offset))
      // Whole lines, so that whoever reads there meets no half of one; a line beyond a piece comes in several.
      const whole = piece.lastIndexOf(10) + 1
      offset = await this.send(segment.name, offset, whole > 0 ? piece.subarray(0, whole) : piece)
    }
    this.shipped.set(segment.name, offset)
  }

  private async send(segment: string, offset: number, bytes: Uint8Array): Promise<number> {
    const { predictor } = this
    // A route that takes bytes has no body in its types.
    const call = { params: { predictor, segment }, query: { offset }, body: bytes }
    return (await this.client.shipPredictions(call)).size
  }
}

function readPiece(path: string, offset: number, length: number): Uint8Array {
  const piece = new Uint8Array(length)
  const file = openSync(path, 'r')
  try {
    let done = 0
    while (done < length) {
      const read = readSync(file, piece, done, length - done, offset + done)
      if (read === 0) break
      done += read
    }
    return piece.subarray(0, done)
  } finally {
    closeSync(file)
  }
}
