import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeFiles } from './shop.ts'

export interface PublishedPackage {
  name: string
  version: string
  /** Of its only module, and its types. */
  code: string
  types: string
  dependencies?: Record<string, string>
}

export interface NpmRegistry {
  readonly address: string
  /** The newest version that is published is the latest. */
  publish(packages: readonly PublishedPackage[]): Promise<void>
  close(): Promise<void>
}

interface Document {
  name: string
  'dist-tags': { latest: string }
  versions: Record<string, object>
}

/** A registry as npm asks one: documents of packages, and tarballs that `npm pack` made. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'millwright registry '))
  const tarballs = new Map<string, Buffer>()
  const documents = new Map<string, Document>()
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1)
    const tarball = tarballs.get(path)
    if (tarball) return response.end(tarball)
    const document = documents.get(path)
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json', 'cache-control': 'no-cache' })
    return response.end(JSON.stringify(document ?? { error: 'Not found' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    address,
    publish: async (packages) => {
      for (const each of packages)
        await writeFiles(join(folder, idOf(each)), {
          'package.json': JSON.stringify(manifestOf(each)),
          'index.js': each.code,
          'index.d.ts': each.types,
        })
      const sources = packages.map((each) => `./${idOf(each)}`)
      execFileSync('npm', ['pack', '--silent', ...sources], { cwd: folder, stdio: 'ignore' })
      for (const each of packages) {
        const { name, version } = each
        const bytes = readFileSync(join(folder, `${idOf(each)}.tgz`))
        const path = `${name}/-/${idOf(each)}.tgz`
        tarballs.set(path, bytes)
        const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
        const document = documents.get(name) ?? { name, 'dist-tags': { latest: version }, versions: {} }
        document['dist-tags'].latest = version
        document.versions[version] = { ...manifestOf(each), dist: { tarball: `${address}${path}`, integrity } }
        documents.set(name, document)
      }
    },
    close: async () => {
      rmSync(folder, { recursive: true, force: true })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const idOf = ({ name, version }: PublishedPackage): string => `${name}-${version}`
const manifestOf = ({ name, version, dependencies = {} }: PublishedPackage) => ({
  name,
  version,
  type: 'module',
  exports: { types: './index.d.ts', default: './index.js' },
  dependencies,
})
