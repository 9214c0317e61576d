import type { ModelVersionRecord } from '../../contract/model.ts'
import type { ChartLine, ChartMark } from '../components/chart/chart-plot.ts'

/** Metrics that any of them was judged by, in the order of the newest. */
export function metricsOfVersions(versions: readonly ModelVersionRecord[]): string[] {
  return [...new Set(versions.flatMap(({ evaluation }) => Object.keys(evaluation?.candidate ?? {})))]
}

/** One metric from version to version, each on its own test set: of the version, what was in production, and the baseline. */
export function versionSeries(
  versions: readonly ModelVersionRecord[],
  metric: string,
): { numbers: number[]; lines: ChartLine[]; marks: ChartMark[] } {
  const judged = versions
    .filter(({ evaluation }) => evaluation?.candidate[metric] !== undefined)
    .sort((a, b) => a.number - b.number)
  const own = judged.map(({ evaluation }) => evaluation!.candidate[metric]!)
  const lines: ChartLine[] = [
    {
      name: 'Version',
      color: '--line-1',
      values: own.map(({ value }) => value),
      low: own.map(({ low }) => low),
      high: own.map(({ high }) => high),
    },
    {
      name: 'In production then',
      color: '--line-2',
      dashed: true,
      values: judged.map(({ evaluation }) => evaluation!.production?.scores[metric]?.value ?? null),
    },
    {
      name: 'Baseline',
      color: '--line-3',
      dashed: true,
      values: judged.map(({ evaluation }) => evaluation!.baseline?.[metric]?.value ?? null),
    },
  ]
  return {
    numbers: judged.map(({ number }) => number),
    lines: lines.filter(({ values }) => values.some((value) => value !== null)),
    marks: judged
      .filter(({ state }) => state === 'refused')
      .map(({ number }) => ({ time: number, level: 'bad', label: 'refused' })),
  }
}
