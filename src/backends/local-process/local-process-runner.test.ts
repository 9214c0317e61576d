import { stepRunnerConformance } from '../../ports/step-runner.conformance.ts'
import { LocalProcessRunner } from './local-process-runner.ts'

stepRunnerConformance('processes of this machine', (projectDir) => {
  return new LocalProcessRunner({ projectDir, slots: 2, graceMs: 300 })
})
