import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react'
import uPlot from 'uplot'
import { type ChartLevel, type ChartLine, type ChartMark, chartData, type LogAxes, plotOptions } from './chart-plot.ts'

const darkQuery = matchMedia('(prefers-color-scheme: dark)')
const watchDark = (changed: () => void): (() => void) => {
  darkQuery.addEventListener('change', changed)
  return () => darkQuery.removeEventListener('change', changed)
}
/** Whether the page is dark now: a canvas must be drawn anew then. */
const useDark = (): boolean => useSyncExternalStore(watchDark, () => darkQuery.matches)

export type Stretch = readonly [from: number, to: number]

/** The canvas. Built anew when its lines or the page's colours change; new values, marks and stretches are only drawn. */
export function Plot(props: {
  xs: readonly number[]
  lines: readonly ChartLine[]
  marks: readonly ChartMark[]
  levels: readonly ChartLevel[]
  isTime: boolean
  log: LogAxes
  height: number
  format: (value: number) => string
  label: string
  onCursor: (index: number | null) => void
  linked?: string | undefined
  range: Stretch | null
  onRange?: ((range: Stretch | null) => void) | undefined
}) {
  const { xs, lines, marks, levels, isTime, log, height, format, label, onCursor, linked, range, onRange } = props
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props)
  latest.current = props
  const dark = useDark()
  const shape = lines.map(({ name, color, low }) => `${name} ${color} ${low !== undefined}`).join()
  const isZoomable = onRange !== undefined
  const { x: logX = false, y: logY = false } = log

  // `shape`, `dark`, `logX` and `logY` stand for what the settings are made of.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useLayoutEffect(() => {
    const element = box.current!
    const made = new uPlot(
      plotOptions({
        width: element.clientWidth,
        height,
        lines: latest.current.lines,
        marks: () => latest.current.marks,
        levels: () => latest.current.levels,
        range: () => latest.current.range,
        onRange: isZoomable ? (chosen) => latest.current.onRange?.(chosen) : undefined,
        isTime,
        log: latest.current.log,
        linked,
        format,
        onCursor,
      }),
      chartData(latest.current.xs, latest.current.lines),
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [shape, dark, format, onCursor, isTime, logX, logY, linked, height, isZoomable])

  // `redraw` would do for marks, but before the first drawing it forgets the range of times.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the marks, levels and the stretch are drawn with the data
  useEffect(() => {
    plot.current?.setData(chartData(xs, lines))
  }, [xs, lines, marks, levels, range])

  return <div className="plot" ref={box} role="img" aria-label={label} style={{ height }} />
}
