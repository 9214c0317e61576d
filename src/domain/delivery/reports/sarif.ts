import { type CiCheck, type CiReport, ciChecks, type Finding } from '../../../contract/ci.ts'

const configFile = 'millwright.config.ts'

const meanings: Record<CiCheck, string> = {
  types: 'The configuration and all that it imports compile.',
  definition: 'Names and invariants of the definition hold, and nothing is stated twice.',
  data: 'Samples of the sources keep to schema and expectations.',
  features: 'Features and inputs are computed for every legal row, alike in batch and online, and see no future.',
  pipeline: 'Every step of every pipeline yields what it should, and the steps fit together.',
  training: 'Training converges, can learn a few rows by heart, and gives the same bytes twice.',
  model: 'The model answers every row, alone as in a batch, saved as in memory, in ONNX as here.',
  serving: 'The prediction service answers as the training does, and as it did before.',
  load: 'Endpoints stay within their budgets under load.',
}

/**
 * Findings as SARIF 2.1.0, for code scanning.
 *
 * @param folder of the project within its repository, '' for its root: code scanning looks for files from there.
 */
export function sarif(report: CiReport, folder: string): unknown {
  const uriOf = (file: string): string =>
    (folder === '' ? file : `${folder}/${file}`).split('/').map(encodeURIComponent).join('/')
  const resultOf = (check: CiCheck, { level, message, mend, place, file, line }: Finding) => ({
    ruleId: check,
    ruleIndex: ciChecks.indexOf(check),
    level,
    message: { text: `${message}\n${mend}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file ?? configFile), uriBaseId: '%SRCROOT%' },
          region: { startLine: line ?? 1 },
        },
        logicalLocations: [{ fullyQualifiedName: place }],
      },
    ],
    // A finding of the same check at the same place is the same finding, whatever line it moves to.
    partialFingerprints: { 'millwright/v1': `${check}:${place}` },
  })
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Millwright',
            semanticVersion: report.millwright,
            rules: ciChecks.map((check) => ({
              id: check,
              shortDescription: { text: meanings[check] },
              defaultConfiguration: { level: 'error' },
            })),
          },
        },
        invocations: [{ executionSuccessful: true, exitCode: report.outcome === 'passed' ? 0 : 1 }],
        columnKind: 'utf16CodeUnits',
        results: report.checks.flatMap(({ check, findings }) => findings.map((finding) => resultOf(check, finding))),
      },
    ],
  }
}
