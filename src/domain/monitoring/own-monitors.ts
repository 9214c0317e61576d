import type { Definition, MonitorDefinition } from '../../contract/definition.ts'
import type { EndpointRecord } from '../../contract/serving.ts'

/**
 * The monitors in force: those of the definition, and for an endpoint that no definition names (a model file alone has one) two of its own,
 * `<endpoint>-service` and `<endpoint>-drift`, every day.
 */
export function monitorsInForce(
  definition: Definition | null,
  endpoints: readonly Pick<EndpointRecord, 'id'>[],
): MonitorDefinition[] {
  const stated = definition?.monitors ?? []
  const defined = new Set(definition?.endpoints.map((endpoint) => endpoint.name))
  const names = new Set(stated.map((monitor) => monitor.name))
  const own = endpoints
    .filter((endpoint) => !defined.has(endpoint.id))
    .flatMap(({ id }) => (['service', 'drift'] as const).map((kind) => ({ name: `${id}-${kind}`, endpoint: id, kind })))
    .filter((monitor) => !names.has(monitor.name))
    .map((monitor): MonitorDefinition => ({ ...monitor, every: 'day', periods: 1 }))
  return [...stated, ...own]
}
