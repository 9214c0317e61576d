import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSettings, type EnvironmentDefinition, isGuarded, resolveEnvironment } from './environment.ts'

const resolve = (environments: EnvironmentDefinition[], name: string, settings = {}) =>
  resolveEnvironment({ environments, settings }, name)

const staging: EnvironmentDefinition = {
  name: 'staging',
  address: 'http://127.0.0.1:4400',
  takes: { branch: 'main', and: 'deploy' },
  packagesOnly: true,
  needs: { checks: true, greenRuns: { in: 'test', count: 1 } },
  secrets: { A: { env: 'STAGING_A' }, B: { env: 'B' } },
  limits: { memoryMb: 512 },
  settings: { mail: { to: 'team', copy: true }, rates: [1, 2] },
}

describe('an environment', () => {
  it('takes over what it extends, member by member, but neither address nor what is taken', () => {
    const production: EnvironmentDefinition = {
      name: 'production',
      extends: 'staging',
      needs: { greenRuns: { in: 'staging', count: 2 }, approvals: { count: 1, by: ['approver'] } },
      secrets: { A: { file: '/run/a' } },
      limits: { cores: 2 },
      settings: { mail: { to: 'all' }, rates: [3] },
    }
    expect(
      resolve([staging, production], 'production', { mail: { to: 'me', copy: false }, rates: [], more: 1 }),
    ).toEqual({
      name: 'production',
      address: null,
      takes: null,
      packagesOnly: true,
      signedBy: [],
      needs: { checks: true, greenRuns: { in: 'staging', count: 2 }, approvals: { count: 1, by: ['approver'] } },
      notebooks: 'refused',
      sources: {},
      secrets: { A: { file: '/run/a' }, B: { env: 'B' } },
      limits: { memoryMb: 512, cores: 2 },
      settings: { mail: { to: 'all', copy: true }, rates: [3], more: 1 },
    })
  })

  it('is refused when it is not there or extends itself', () => {
    expect(() => resolve([staging], 'production')).toThrow('there is no environment "production"')
    const circle: EnvironmentDefinition[] = [
      { name: 'a', extends: 'b' },
      { name: 'b', extends: 'a' },
    ]
    expect(() => resolve(circle, 'a')).toThrow('extends itself')
  })

  it('takes notebooks unless it takes only packages, is production, or says so', () => {
    const taken = (environment: EnvironmentDefinition, more: EnvironmentDefinition[] = []) =>
      resolve([environment, ...more], environment.name).notebooks
    expect(taken({ name: 'test' })).toBe('allowed')
    expect(['production', 'Prod'].map((name) => taken({ name }))).toEqual(['refused', 'refused'])
    expect([{ packagesOnly: true }, { needs: { checks: true } }].map((rule) => taken({ name: 'a', ...rule }))).toEqual([
      'refused',
      'refused',
    ])
    expect(taken({ name: 'production', notebooks: 'allowed' })).toBe('allowed')
    expect(taken({ name: 'production', extends: 'staging' }, [{ ...staging, notebooks: 'allowed' }])).toBe('allowed')
    expect(taken({ name: 'a', extends: 'staging' }, [staging])).toBe('refused')
  })

  it('has rules as soon as it states one', () => {
    expect(isGuarded(resolve([{ name: 'a' }], 'a'))).toBe(false)
    for (const rule of [{ packagesOnly: true }, { signedBy: ['key'] }, { needs: { checks: true } }])
      expect(isGuarded(resolve([{ name: 'a', ...rule }], 'a'))).toBe(true)
  })
})

describe('settings', () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean())
  it('fit themselves, whatever they are, and nothing fits that has another name', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), leaf),
        fc.stringMatching(/^[A-Z]{1,4}$/),
        (base, other) => {
          checkSettings(base, base, 'settings')
          expect(() => checkSettings(base, { [other]: 1 }, 'settings')).toThrow(`there is no setting "${other}"`)
        },
      ),
    )
  })

  it('of another type are refused with the place, at any depth', () => {
    const base = { mail: { to: 'me' }, rates: [1], any: null }
    checkSettings(base, { any: { x: 1 }, rates: [] }, 'settings')
    for (const [given, field] of [
      [{ mail: { to: 1 } }, 'settings.mail.to'],
      [{ mail: { bcc: 'x' } }, 'settings.mail.bcc'],
      [{ mail: 'x' }, 'settings.mail'],
      [{ rates: 1 }, 'settings.rates'],
    ] as const)
      expect(() => checkSettings(base, given as never, 'settings')).toThrowError(expect.objectContaining({ field }))
  })
})
