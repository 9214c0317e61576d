import { canonicalJson } from '../../base/hash.ts'
import type { Definition, Gate, ModelDefinition, Task } from '../../contract/definition.ts'
import type { Evaluation, Verdict } from '../../contract/model.ts'
import { metricNamed } from '../../stats/metrics.ts'

/** What was measured on the prediction service, on a slot without traffic. */
export interface SlotMeasurement {
  /** Wall time of single requests, milliseconds. */
  latenciesMs: number[]
  /** Greatest difference between its answers to the golden rows and the evaluation's. */
  goldenDifference: number
  goldenRows: number
  /** Whether a request with a wrong type was refused, and what came instead if not. */
  refusesWrongType: boolean
  fault: string | null
}

interface Evidence {
  evaluation: Evaluation
  slot: SlotMeasurement | null
}

const shown = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(4))
const signed = (value: number | null): string =>
  value === null ? 'unknown' : `${value >= 0 ? '+' : '−'}${shown(Math.abs(value))}`
/** By how much a bound was missed: two digits that count, so that a near miss does not read as none. */
const missed = (value: number): string => String(Number(value.toPrecision(2)))
/** What the rounding of a difference of two metrics may cost, and more: at the bound is within it. */
const rounding = 1e-12
const atMost = (value: number, bound: number): boolean => value <= bound + rounding * Math.max(1, Math.abs(bound))

/** How much better the first value is, in the metric's own direction. */
function gain(task: Task, metric: string, first: number, second: number): number {
  return metricNamed(task, metric)?.direction === 'lower' ? second - first : first - second
}

const verdict = (gate: string, passed: boolean, message: string, more: Partial<Verdict> = {}): Verdict => ({
  gate,
  passed,
  message,
  segment: null,
  measured: null,
  bound: null,
  ...more,
})
const unmeasured = (gate: string, what: string): Verdict =>
  verdict(gate, false, `${what} could not be measured, so nothing is proved`)

function judge(gate: Gate, task: Task, { evaluation, slot }: Evidence): Verdict {
  switch (gate.kind) {
    case 'beats-baseline': {
      const name = `beats the baseline on ${gate.metric} by ${gate.by}`
      const own = evaluation.candidate[gate.metric]
      const baseline = evaluation.baseline?.[gate.metric]
      if (!own || !baseline) return unmeasured(name, gate.metric)
      const margin = gain(task, gate.metric, own.value, baseline.value)
      const passed = atMost(gate.by, margin)
      const figures = `${gate.metric} is ${shown(own.value)}, the baseline's ${shown(baseline.value)}`
      return verdict(
        name,
        passed,
        passed
          ? `${figures}: a margin of ${shown(margin)}`
          : `${figures}: a margin of ${signed(margin)} where ${gate.by} is asked, ${missed(gate.by - margin)} short`,
        { measured: margin, bound: gate.by },
      )
    }
    case 'not-worse': {
      const name = `no worse than production on ${gate.metric}`
      const own = evaluation.candidate[gate.metric]
      if (!evaluation.production) return verdict(name, true, 'nothing is in production yet')
      const other = evaluation.production.scores[gate.metric]
      const difference = evaluation.differences[gate.metric]
      if (!own || !other || !difference) return unmeasured(name, gate.metric)
      const loss = -gain(task, gate.metric, own.value, other.value)
      const lower = metricNamed(task, gate.metric)?.direction === 'lower'
      // Worse by more than noise: the whole interval of the paired difference lies on the worse side, or there is none to excuse it.
      const excused = difference.low !== null && difference.high !== null
      const isNoise = excused && (lower ? difference.low! <= 0 : difference.high! >= 0)
      const passed = atMost(loss, gate.within) || isNoise
      const figures = `${gate.metric} is ${shown(own.value)}, that of ${evaluation.production.version} ${shown(other.value)} (difference ${signed(difference.value)}, 95 % from ${signed(difference.low)} to ${signed(difference.high)})`
      return verdict(
        name,
        passed,
        passed
          ? figures
          : `${figures}: worse by ${shown(loss)} where ${gate.within} is allowed, ${missed(loss - gate.within)} too much`,
        { measured: loss, bound: gate.within },
      )
    }
    case 'segment': {
      const name = `no part of ${gate.segment} worse on ${gate.metric}`
      const parts = Object.entries(evaluation.segments[gate.segment] ?? {}).filter(
        ([, part]) => part.rows >= gate.minRows,
      )
      if (parts.length === 0) return unmeasured(name, `${gate.metric} by ${gate.segment}`)
      let worst: { part: string; loss: number; own: number; other: number; against: string } | null = null
      for (const [part, figures] of parts) {
        const own = figures.candidate[gate.metric]
        // Without a model in production, a part is held against the baseline on the same rows.
        const other = evaluation.production ? figures.production?.[gate.metric] : figures.baseline?.[gate.metric]
        if (!own || !other) continue
        const loss = -gain(task, gate.metric, own.value, other.value)
        if (!worst || loss > worst.loss)
          worst = {
            part,
            loss,
            own: own.value,
            other: other.value,
            against: evaluation.production?.version ?? 'the baseline',
          }
      }
      if (!worst) return unmeasured(name, `${gate.metric} by ${gate.segment}`)
      const passed = atMost(worst.loss, gate.within)
      const figures = `worst is ${gate.segment} = ${worst.part}: ${gate.metric} ${shown(worst.own)} beside ${shown(worst.other)} of ${worst.against}`
      return verdict(
        name,
        passed,
        passed
          ? figures
          : `${figures}, worse by ${shown(worst.loss)} where ${gate.within} is allowed, ${missed(worst.loss - gate.within)} too much`,
        { segment: `${gate.segment} = ${worst.part}`, measured: worst.loss, bound: gate.within },
      )
    }
    case 'calibration': {
      const name = `calibrated within ${gate.maxError}`
      if (!evaluation.calibration || !Number.isFinite(evaluation.calibration.error))
        return unmeasured(name, 'calibration')
      const { error } = evaluation.calibration
      const passed = atMost(error, gate.maxError)
      const much = passed ? '' : ` where ${gate.maxError} is allowed, ${missed(error - gate.maxError)} too much`
      return verdict(name, passed, `the expected calibration error is ${shown(error)}${much}`, {
        measured: error,
        bound: gate.maxError,
      })
    }
    case 'at-least':
    case 'at-most': {
      const atLeast = gate.kind === 'at-least'
      const name = `${gate.metric} ${atLeast ? 'at least' : 'at most'} ${gate.value}`
      const own = evaluation.candidate[gate.metric]
      if (!own) return unmeasured(name, gate.metric)
      const passed = atLeast ? atMost(gate.value, own.value) : atMost(own.value, gate.value)
      const much = passed ? '' : `, ${missed(Math.abs(own.value - gate.value))} too ${atLeast ? 'little' : 'much'}`
      return verdict(name, passed, `${gate.metric} is ${shown(own.value)}${much}`, {
        measured: own.value,
        bound: gate.value,
      })
    }
    case 'latency': {
      const name = `answers within ${gate.p99Ms} ms (p99)`
      if (!slot || slot.fault)
        return verdict(name, false, slot?.fault ?? 'no prediction service is connected to measure it on')
      const sorted = [...slot.latenciesMs].sort((a, b) => a - b)
      const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]
      if (p99 === undefined) return unmeasured(name, 'latency')
      const passed = p99 <= gate.p99Ms
      const much = passed ? '' : `, ${missed(p99 - gate.p99Ms)} ms too much`
      return verdict(
        name,
        passed,
        `p99 of ${sorted.length} requests to the prediction service is ${p99.toFixed(2)} ms${much}`,
        { measured: p99, bound: gate.p99Ms },
      )
    }
    case 'signature': {
      const name = 'keeps its signature on the prediction service'
      if (!slot || slot.fault)
        return verdict(name, false, slot?.fault ?? 'no prediction service is connected to check it on')
      if (!slot.refusesWrongType)
        return verdict(name, false, 'the prediction service answered a request with a wrong type')
      const passed = slot.goldenRows > 0 && slot.goldenDifference <= 1e-6
      return verdict(
        name,
        passed,
        `${slot.goldenRows} golden rows differ by ${slot.goldenDifference.toExponential(1)} at most`,
        { measured: slot.goldenDifference, bound: 1e-6 },
      )
    }
  }
}

/** The gates of a model: its own, and those that the targets of its brief, or for want of one the project's, become by themselves. */
export function gatesOf({ brief }: Pick<Definition, 'brief'>, model: ModelDefinition): Gate[] {
  const targets = (model.brief ?? brief)?.targets ?? []
  const asked = targets.flatMap(({ metric, atLeast, atMost }): Gate[] => {
    if (!metricNamed(model.task, metric)) return []
    return [
      ...(atLeast === undefined ? [] : [{ kind: 'at-least' as const, metric, value: atLeast }]),
      ...(atMost === undefined ? [] : [{ kind: 'at-most' as const, metric, value: atMost }]),
    ]
  })
  const isStated = (gate: Gate): boolean => model.gates.some((own) => canonicalJson(own) === canonicalJson(gate))
  return [...model.gates, ...asked.filter((gate) => !isStated(gate))]
}

/** Judges a candidate by every gate of its definition. */
export function judgeAll(model: Pick<ModelDefinition, 'gates' | 'task'>, evidence: Evidence): Verdict[] {
  return model.gates.map((gate) => judge(gate, model.task, evidence))
}
