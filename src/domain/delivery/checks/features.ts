import type { ColumnSummary } from '../../../contract/data.ts'
import type { Definition } from '../../../contract/definition.ts'
import { featureProperties } from './feature-properties.ts'
import { runUnitTests, type UnitTestRequest } from './unit-tests.ts'
import { type CheckVerdict, skipped, verdictOf } from './verdict.ts'

/** The project's own tests, and property tests of what the definition computes. */
export async function checkFeatures(
  definition: Definition,
  seen: ReadonlyMap<string, readonly ColumnSummary[]>,
  tests: UnitTestRequest,
): Promise<CheckVerdict> {
  const own = await runUnitTests(tests)
  const properties = featureProperties(definition, seen)
  if (own.tests === 0 && properties.values === 0 && own.findings.length === 0 && properties.findings.length === 0)
    return skipped('features', 'there are no features, no inputs and no tests')
  return verdictOf(
    'features',
    `${own.tests} tests of the project and properties of generated rows hold`,
    [...own.findings, ...properties.findings],
    { 'unit tests': own.tests, 'generated values': properties.values },
  )
}
