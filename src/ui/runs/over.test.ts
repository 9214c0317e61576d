import { expect, test } from 'vitest'
import * as states from '../../contract/states.ts'
import { isRunOver, isStepOver, runStates } from './over.ts'

test('the screens hold a run and a step for over when the contract does', () => {
  expect(runStates).toEqual([...states.runStates])
  expect(states.runStates.map(isRunOver)).toEqual(states.runStates.map(states.isRunOver))
  expect(states.stepStates.map(isStepOver)).toEqual(states.stepStates.map(states.isStepOver))
})
