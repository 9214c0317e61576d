import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { builtScreens } from './built-screens.ts'

type Serve = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

const contentTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const policy = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

function secure(reply: FastifyReply): FastifyReply {
  return reply
    .header('content-security-policy', policy)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'same-origin')
    .header('cross-origin-opener-policy', 'same-origin')
}

/**
 * A page of the screens, as opposed to a file: every such address gets the one page, which finds its way by the address. The id of a
 * prediction ends with a point and a number.
 */
const isPage = (request: FastifyRequest, path: string): boolean =>
  /^(\.\d+)?$/.test(extname(path)) && (request.headers.accept ?? '').includes('text/html')

const pathOf = (request: FastifyRequest): string => request.url.split('?')[0]!

/** Addresses that belong to the API, where a wrong one must answer as an API does. */
const isApi = (path: string): boolean => /^\/(api|v2|health|metrics|openapi\.json)(\/|$)/.test(path)

/**
 * Puts the screens on the control plane's address.
 *
 * @param folder where the built screens are; found, or made, when the first page is asked for, so that starting the process costs nothing.
 */
export function serveScreens(app: FastifyInstance, folder: () => Promise<string> = builtScreens): void {
  let serving: Promise<Serve> | null = null
  app.get('/*', async (request, reply) => {
    if (isApi(pathOf(request))) return reply.callNotFound()
    serving ??= folder()
      .then(serveBuilt)
      .catch((error) => {
        // The next page tries again: a package may have been installed meanwhile.
        serving = null
        throw error
      })
    return (await serving)(request, reply)
  })
}

interface BuiltFile {
  type: string
  bytes: Buffer
  /** Made when a browser first asks for it. */
  gzipped: Promise<Buffer> | null
}

function serveBuilt(folder: string): Serve {
  const files = new Map<string, BuiltFile>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const type = contentTypes[extname(file)] ?? 'application/octet-stream'
    files.set(`/${relative(folder, file).split(sep).join('/')}`, { type, bytes: readFileSync(file), gzipped: null })
  }
  return async (request, reply) => {
    const path = pathOf(request)
    const page = isPage(request, path)
    const file = files.get(page ? '/index.html' : path)
    if (!file) return reply.callNotFound()
    // Names under assets/ carry the hash of their content.
    const isImmutable = path.startsWith('/assets/')
    secure(reply)
      .type(file.type)
      .header('cache-control', isImmutable ? 'public, max-age=31536000, immutable' : 'no-store')
      .header('vary', 'accept-encoding')
    if (!(request.headers['accept-encoding'] ?? '').includes('gzip')) return reply.send(file.bytes)
    file.gzipped ??= promisify(gzip)(file.bytes)
    return reply.header('content-encoding', 'gzip').send(await file.gzipped)
  }
}
