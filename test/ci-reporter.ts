import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * Under `MILLWRIGHT_CI=1` a skipped test is a failure: where everything is installed, a reason to skip is a fault. Writes
 * `{"passed", "failed"}` to the file that `MILLWRIGHT_COUNTS` names.
 */
export default class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0
    let failed = unhandled.length
    const skipped: TestCase[] = []
    for (const module of modules) {
      let inModule = 0
      for (const test of module.children.allTests()) {
        inModule += 1
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'skipped') skipped.push(test)
        else failed += 1
      }
      // A file that could not be loaded has no tests that could fail.
      if (inModule === 0 || module.errors().length > 0) failed += 1
    }
    for (const test of skipped) {
      const result = test.result()
      const note = result.state === 'skipped' && result.note ? result.note : 'no reason given'
      console.error(`skipped, which counts as failed: ${test.module.relativeModuleId} > ${test.fullName}: ${note}`)
    }
    failed += skipped.length
    if (failed > 0) process.exitCode = 1
    if (process.env.MILLWRIGHT_COUNTS) writeFileSync(process.env.MILLWRIGHT_COUNTS, JSON.stringify({ passed, failed }))
  }
}
