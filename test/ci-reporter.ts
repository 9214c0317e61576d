import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * Under `MILLWRIGHT_CI=1` a skipped test is a failure: where everything is installed, a reason to skip is a fault. Writes
 * `{"passed", "failed"}` to the file that `MILLWRIGHT_COUNTS` names, and to the one that `MILLWRIGHT_FAILED_FILES` names a
 * line for each file in which something failed: how many of its tests passed, and its path.
 */
export default class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0
    let failed = unhandled.length
    const skipped: TestCase[] = []
    const failedFiles: string[] = []
    for (const module of modules) {
      let inModule = 0
      const passedBefore = passed
      let isWhole = true
      for (const test of module.children.allTests()) {
        inModule += 1
        const { state } = test.result()
        if (state !== 'passed') isWhole = false
        if (state === 'passed') passed += 1
        else if (state === 'skipped') skipped.push(test)
        else failed += 1
      }
      // A file that could not be loaded has no tests that could fail.
      if (inModule === 0 || module.errors().length > 0) {
        isWhole = false
        failed += 1
      }
      if (!isWhole) failedFiles.push(`${passed - passedBefore} ${module.relativeModuleId}\n`)
    }
    for (const test of skipped) {
      const result = test.result()
      const note = result.state === 'skipped' && result.note ? result.note : 'no reason given'
      console.error(`skipped, which counts as failed: ${test.module.relativeModuleId} > ${test.fullName}: ${note}`)
    }
    failed += skipped.length
    if (failed > 0) process.exitCode = 1
    if (process.env.MILLWRIGHT_FAILED_FILES) writeFileSync(process.env.MILLWRIGHT_FAILED_FILES, failedFiles.join(''))
    if (process.env.MILLWRIGHT_COUNTS) writeFileSync(process.env.MILLWRIGHT_COUNTS, JSON.stringify({ passed, failed }))
  }
}
