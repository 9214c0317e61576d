import { call } from '../api.ts'
import { Action } from '../components/action.tsx'

/** What may be done with a version on one endpoint: roll it out, or return to it where it served before. */
export function DeployAction({ endpoint, version, isBack }: { endpoint: string; version: string; isBack: boolean }) {
  const params = { endpoint }
  return isBack ? (
    <Action
      label={`Return ${endpoint} to ${version}`}
      title={`Return ${endpoint} to ${version}`}
      needs="operator"
      isGrave
      plan={async () => {
        const { serving, deployment, depends } = await call('rollback', { params, body: { version, dryRun: true } })
        return {
          says: `${serving} answers all of ${endpoint} at once, instead of ${deployment.version}.`,
          effects: depends,
        }
      }}
      act={async (reason) => {
        const { serving, tookMs } = await call('rollback', { params, body: { version, reason } })
        return `${serving} serves ${endpoint} again on every prediction service, after ${tookMs} ms.`
      }}
    />
  ) : (
    <Action
      label={`Roll out to ${endpoint}`}
      title={`Roll out ${version} to ${endpoint}`}
      needs="operator"
      plan={async () => {
        const { depends, preflight, share } = await call('deploy', { params, body: { version, dryRun: true } })
        return {
          says: `${version} begins with ${Math.round(share * 1000) / 10} % of the traffic of ${endpoint}.`,
          effects: [
            ...depends,
            ...(preflight.length === 0
              ? ['no prediction service is connected: it is not tried before traffic reaches it']
              : preflight
                  .filter(({ passed }) => passed)
                  .map(({ gate, message }) => `tried just now: ${gate} (${message})`)),
          ],
          missing: preflight.filter(({ passed }) => !passed).map(({ gate, message }) => `${gate}: ${message}`),
        }
      }}
      act={async (reason) => {
        const { share } = await call('deploy', { params, body: { version, reason } })
        return `${version} takes ${Math.round(share * 1000) / 10} % of the traffic of ${endpoint}.`
      }}
    />
  )
}
