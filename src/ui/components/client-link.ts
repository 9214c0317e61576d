/**
 * The screen that a link of MLflow's client means: it prints `<address>/#/experiments/1/runs/<id>` when a run ends.
 *
 * @param hash without its `#`. @returns null for another one.
 */
export function clientLink(hash: string): string | null {
  const [, experiment, run] = /^\/?experiments\/(\d+)(?:\/runs\/([0-9a-f]{32}))?$/.exec(hash) ?? []
  if (run !== undefined) return `/experiments/run/${run}`
  return experiment === undefined ? null : `/experiments/${experiment}`
}
