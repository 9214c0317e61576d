import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { type FindAddresses, findOutside, outsideRulesFrom } from './outside-address.ts'

const known: Record<string, string[]> = {
  'hooks.example.com': ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
  'ci.corp.example': ['10.1.2.3'],
  localhost: ['127.0.0.1'],
  'mixed.example.com': ['93.184.215.14', '127.0.0.1'],
  'metadata.example.com': ['169.254.169.254'],
  'far6.example.com': ['64:ff9b::a9fe:a9fe'],
}
const find: FindAddresses = async (name) => {
  const found = known[name]
  if (!found) throw new Error('ENOTFOUND')
  return found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
}
const ask = (url: string, env: Record<string, string> = {}, ownPort: number | null = null) =>
  findOutside(url, outsideRulesFrom(env), { ownPort, find })

describe('an address that somebody stated', () => {
  it('leads to the addresses of its name, looked up once', async () => {
    const { url, addresses } = await ask('https://hooks.example.com/in?token=x')
    expect(url.href).toBe('https://hooks.example.com/in?token=x')
    expect(addresses.map(({ address }) => address)).toEqual(known['hooks.example.com'])
    expect((await ask('https://HOOKS.example.com:8443/')).url.host).toBe('hooks.example.com:8443')
    expect((await ask('https://[2606:4700:4700::1111]/')).addresses).toEqual([
      { address: '2606:4700:4700::1111', family: 6 },
    ])
  })

  it.each([
    'hooks.example.com',
    'ftp://hooks.example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://hooks.example.com/',
    'https://ada:secret@hooks.example.com/',
    'https://hooks.example.com/#part',
    'https://hooks.example.com./',
    'https://nowhere.example.com/',
    'https://ci.corp.example/',
    'https://mixed.example.com/',
    'https://metadata.example.com/',
    'https://far6.example.com/',
    'https://localhost/',
    'https://LOCALHOST:4300/',
    'https://a.localhost/',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://127.0.0.1./',
    'https://134744072/',
    'https://①②⑦.0.0.1/',
    'https://127%2e0.0.1/',
    'https:\\\\127.0.0.1/',
    'https:/127.0.0.1/',
    ' https://hooks.example.com/',
    'https://hooks.exa\tmple.com/',
    'https://0.0.0.0/',
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::]/',
    'https://[::1]/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[ff02::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
  ])('is refused: %s', async (url) => {
    await expect(ask(url)).rejects.toMatchObject({ code: 'invalid-request', field: 'url' })
  })

  it('may be inside where the operator says so, by name, by address and by range, with the port or for all', async () => {
    const allowed = async (url: string, hosts: string): Promise<boolean> =>
      ask(url, { MILLWRIGHT_WEBHOOK_HOSTS: hosts }).then(
        () => true,
        () => false,
      )
    for (const [url, hosts, is] of [
      ['http://ci.corp.example/', 'ci.corp.example', true],
      ['http://ci.corp.example:8080/', 'ci.corp.example', true],
      ['http://ci.corp.example:8080/', 'ci.corp.example:8080', true],
      ['http://ci.corp.example:8081/', 'ci.corp.example:8080', false],
      ['http://ci.corp.example/', ' x.example, 10.1.0.0/16', true],
      ['http://ci.corp.example/', '10.2.0.0/16', false],
      ['http://10.1.2.3/', '10.1.2.3', true],
      ['http://10.1.2.3:8/', '10.1.2.3:8', true],
      ['http://10.1.2.4/', '10.1.2.3', false],
      ['http://[::1]:9/', '[::1]:9', true],
      ['http://[::ffff:10.1.2.3]/', '10.1.2.3', false],
      ['http://localhost:9/', 'localhost', true],
      ['http://localhost:9/', '127.0.0.0/8', false],
      ['https://mixed.example.com/', '127.0.0.0/8', true],
      // What is public is no reason to let http in.
      ['http://mixed.example.com/', '127.0.0.0/8', false],
      ['http://hooks.example.com/', 'hooks.example.com', true],
      ['http://hooks.example.com/', 'corp.example', false],
    ] as const)
      expect([url, hosts, await allowed(url, hosts)]).toEqual([url, hosts, is])
    for (const wrong of ['http://x', 'a b', '10.0.0.0/40', '300.1.1.1', 'host:port', '*'])
      expect(() => outsideRulesFrom({ MILLWRIGHT_WEBHOOK_HOSTS: wrong })).toThrow(/MILLWRIGHT_WEBHOOK_HOSTS/)
    expect((await ask('http://hooks.example.com/', { MILLWRIGHT_WEBHOOK_HTTP: '1' })).url.protocol).toBe('http:')
    await expect(ask('http://ci.corp.example/', { MILLWRIGHT_WEBHOOK_HTTP: '1' })).rejects.toThrow(/not public/)
  })

  it('is never the control plane itself, at any of its addresses, whatever is allowed', async () => {
    const own = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? [])
    const hosts = ['127.0.0.1', '127.0.0.2', '0.0.0.0', '[::1]', ...own.filter((each) => !each.includes(':'))]
    for (const host of hosts) {
      const env = { MILLWRIGHT_WEBHOOK_HOSTS: '0.0.0.0/0,::/0' }
      await expect(ask(`http://${host}:4300/`, env, 4300)).rejects.toThrow(/control plane itself/)
      expect((await ask(`http://${host}:4399/`, env, 4300)).addresses).toHaveLength(1)
    }
    // What one of its own addresses is, is inside, also where it is public.
    for (const host of own.filter((each) => !each.includes(':')))
      await expect(ask(`https://${host}/`)).rejects.toThrow(/not public/)
  })
})
