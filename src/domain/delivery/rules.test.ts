import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definitionSchema } from '../../contract/definition.ts'
import { type EnvironmentDefinition, resolveEnvironment } from '../../contract/environment.ts'
import { type Role, roles } from '../../contract/principal.ts'
import { type RuleFacts, unmetRules } from './rules.ts'

const definition = definitionSchema.parse({
  name: 'shop',
  pipelines: ['train-late', 'report'].map((name) => ({
    name,
    steps: [{ name: 'go', run: { kind: 'command', command: ['true'] } }],
  })),
})
const hash = 'a'.repeat(64)

/** Facts under which every rule holds, but for what is said. */
function facts(rules: Partial<EnvironmentDefinition>, over: Partial<RuleFacts> = {}): RuleFacts {
  const environments: EnvironmentDefinition[] = [{ name: 'production', ...rules }]
  return {
    environment: resolveEnvironment({ environments, settings: {} }, 'production'),
    read: {
      signature: null,
      definition,
      manifest: {
        format: 1,
        name: 'shop',
        definitionHash: hash,
        millwright: '1',
        files: [],
        folder: '',
        lockfile: null,
        provenance: {
          commit: null,
          branch: null,
          dirty: null,
          builder: { by: 'ci', millwright: '1', node: '', platform: '', arch: '' },
          checks: [],
        },
      },
    },
    approvals: [],
    principals: () => null,
    involved: [],
    evidence: null,
    ...over,
  }
}
const approval = (by: string, role: Role = 'approver') => ({ id: by, package: hash, by, role, note: '', at: 0 })
const withChecks = (...outcomes: ('passed' | 'failed' | 'skipped')[]): Partial<RuleFacts> => {
  const { read } = facts({})
  const checks = outcomes.map((outcome, place) => ({ check: `check-${place}`, outcome, summary: '' }))
  return { read: { ...read, manifest: { ...read.manifest, provenance: { ...read.manifest.provenance, checks } } } }
}

const withNotebook: Partial<RuleFacts> = {
  read: {
    ...facts({}).read,
    definition: definitionSchema.parse({
      name: 'shop',
      pipelines: [
        {
          name: 'study',
          steps: [{ name: 'explore', run: { kind: 'notebook', notebook: 'a.ipynb', python: { lock: 'uv.lock' } } }],
        },
      ],
    }),
  },
}

describe('rules', () => {
  it('name the step that is a notebook, where they are refused', () => {
    expect(unmetRules(facts({}, withNotebook))).toEqual([
      "needs to be without notebooks, and step explore of study runs a.ipynb (`millwright notebook promote a.ipynb` makes steps of it; `notebooks: 'allowed'` of production, once in force, takes it as it is)",
    ])
    expect(unmetRules(facts({ notebooks: 'allowed' }, withNotebook))).toEqual([])
  })

  it('are none where none is stated', () => {
    expect(unmetRules(facts({}))).toEqual([])
  })

  it('of signatures name the key that is not one of them', () => {
    const signature = { algorithm: 'ed25519' as const, key: 'laptop', publicKey: 'B', signature: '' }
    const { read } = facts({})
    expect(unmetRules(facts({ signedBy: ['A'] }))).toEqual(['needs a signature by one of 1 key, is not signed'])
    expect(unmetRules(facts({ signedBy: ['A', 'C'] }, { read: { ...read, signature } }))).toEqual([
      'needs a signature by one of 2 keys, is signed by "laptop", which is none of them',
    ])
    expect(unmetRules(facts({ signedBy: ['A', 'B'] }, { read: { ...read, signature } }))).toEqual([])
  })

  it('of checks refuse what failed, and what was never checked where that is asked', () => {
    expect(unmetRules(facts({}, withChecks('passed', 'failed', 'skipped')))).toEqual([
      'needs every check to pass, check-1 failed',
    ])
    expect(unmetRules(facts({ needs: { checks: true } }))).toEqual([
      'needs the checks of `millwright ci`, has none: it was made without them',
    ])
    expect(unmetRules(facts({ needs: { checks: true } }, withChecks('passed')))).toEqual([])
  })

  it('of green runs count each pipeline, in the environment that is asked and no other', () => {
    const needs = { greenRuns: { in: 'staging', count: 3 } }
    const green = { 'train-late': ['1'], report: ['1', '2', '3', '4'] }
    expect(unmetRules(facts({ needs }, { evidence: { environment: 'staging', package: hash, green } }))).toEqual([
      'needs 3 green runs of train-late in staging, has 1',
    ])
    const only = { greenRuns: { in: 'staging', count: 3, of: ['report'] } }
    expect(unmetRules(facts({ needs: only }, { evidence: { environment: 'staging', package: hash, green } }))).toEqual(
      [],
    )
    expect(unmetRules(facts({ needs: only }, { evidence: { environment: 'test', package: hash, green } }))).toEqual([
      'needs 3 green runs of report in staging, which says nothing: its address answers as test',
    ])
    expect(unmetRules(facts({ needs: only }, { evidence: 'no control plane answers' }))).toEqual([
      'needs 3 green runs of report in staging, which says nothing: no control plane answers',
    ])
  })

  it('of approvals say what there is, and why an approval does not count', () => {
    const needs = { approvals: { count: 1, by: ['approver' as const] } }
    const principals = (name: string) =>
      ({ ada: 'approver', bob: 'approver', eve: 'developer' })[name]
        ? { name, role: name === 'eve' ? ('developer' as const) : ('approver' as const), tokenHash: '' }
        : null
    const told = (over: Partial<RuleFacts>) => unmetRules(facts({ needs }, { principals, ...over }))
    expect(told({})).toEqual(['needs an approval by an approver, nobody has approved'])
    expect(told({ principals: null })[0]).toContain('approvals count only where people have tokens')
    expect(told({ approvals: [approval('ada')], involved: [{ name: 'ada', as: 'asked for it' }] })).toEqual([
      'needs an approval by an approver, ada has approved and asked for it, which does not count',
    ])
    expect(told({ approvals: [approval('eve'), approval('gone')] })).toEqual([
      'needs an approval by an approver, eve has approved and is developer; gone has approved and is nobody any more',
    ])
    expect(told({ approvals: [approval('ada')], involved: [{ name: 'bob', as: 'built it' }] })).toEqual([])
    const two = unmetRules(
      facts(
        { needs: { approvals: { count: 2, by: ['approver', 'admin'] } } },
        { principals, approvals: [approval('bob')] },
      ),
    )
    expect(two).toEqual(['needs 2 approvals by approver or admin, has 1 (bob)'])
  })

  it('hold only when enough people other than those involved, who have the role now, approved', () => {
    const people = ['a', 'b', 'c', 'd', 'e']
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.uniqueArray(fc.constantFrom(...roles), { minLength: 1 }),
        fc.array(fc.constantFrom(...roles), { minLength: 5, maxLength: 5 }),
        fc.uniqueArray(fc.constantFrom(...people)),
        fc.uniqueArray(fc.constantFrom(...people)),
        (count, by, roleOf, approved, involved) => {
          const role = (name: string): Role => roleOf[people.indexOf(name)]!
          const missing = unmetRules(
            facts(
              { needs: { approvals: { count, by } } },
              {
                // What somebody was when they approved decides nothing.
                approvals: approved.map((name) => approval(name, 'admin')),
                principals: (name) => ({ name, role: role(name), tokenHash: '' }),
                involved: involved.map((name) => ({ name, as: 'built it' })),
              },
            ),
          )
          const counting = approved.filter((name) => !involved.includes(name) && by.includes(role(name)))
          expect(missing.length === 0).toBe(counting.length >= count)
        },
      ),
    )
  })
})
