import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ViteDevServer } from 'vite'
import { MillwrightError } from '../base/errors.ts'

export interface ScreensOptions {
  /** A folder of built screens; without it, what lies beside this module: sources in a clone, built files in a release. */
  builtFolder?: string
}

type Serve = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

const isSource = fileURLToPath(import.meta.url).endsWith('.ts')
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

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

/** A page of the screens, as opposed to a file: every such address gets the one page, which finds its way by the address. */
const isPage = (request: FastifyRequest, path: string): boolean =>
  extname(path) === '' && (request.headers.accept ?? '').includes('text/html')

const pathOf = (request: FastifyRequest): string => request.url.split('?')[0]!

/** Addresses that belong to the API, where a wrong one must answer as an API does. */
const isApi = (path: string): boolean => /^\/(api|v2|health|metrics|openapi\.json)(\/|$)/.test(path)

/**
 * Puts the screens on the control plane's address. Nothing is loaded before the first page is asked for, so that starting the
 * process costs nothing.
 */
export function serveScreens(app: FastifyInstance, options: ScreensOptions = {}): void {
  let serving: Promise<Serve> | null = null
  let vite: ViteDevServer | null = null
  const start = async (): Promise<Serve> => {
    if (options.builtFolder) return serveBuilt(options.builtFolder)
    if (!isSource) return serveBuilt(here('../ui'))
    vite = await startVite()
    return serveSource(vite)
  }
  app.get('/*', async (request, reply) => {
    if (isApi(pathOf(request))) return reply.callNotFound()
    serving ??= start().catch((error) => {
      // The next page tries again: a package may have been installed meanwhile.
      serving = null
      throw error
    })
    return (await serving)(request, reply)
  })
  app.addHook('onClose', async () => {
    await serving?.catch(() => undefined)
    await vite?.close()
  })
}

async function startVite(): Promise<ViteDevServer> {
  let vite: typeof import('vite')
  try {
    vite = await import('vite')
  } catch (cause) {
    throw new MillwrightError('missing-package', 'the screens need the package vite in a clone', {
      cause,
      hint: 'Run `npm ci` without leaving out development packages.',
    })
  }
  const root = here('../..')
  return vite.createServer({
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'silent',
    appType: 'custom',
    optimizeDeps: { noDiscovery: true },
    server: {
      middlewareMode: true,
      hmr: false,
      ws: false,
      watch: null,
      warmup: { clientFiles: ['./main.tsx', './*.ts', './*/*.ts', './*/*.tsx'] },
      // Which hosts may ask is for the control plane to say.
      allowedHosts: true,
      // Not the whole clone: a home with data may lie in it. node_modules may be a link to another folder.
      fs: { allow: [join(root, 'src'), join(root, 'node_modules'), realpathSync(join(root, 'node_modules'))] },
    },
  })
}

function serveSource(vite: ViteDevServer): Serve {
  return async (request, reply) => {
    const path = pathOf(request)
    if (isPage(request, path)) {
      // As it is: what Vite would add is its own client, which waits for changes that are not watched here.
      const html = readFileSync(here('../ui/index.html'), 'utf8')
      return secure(reply).type(contentTypes['.html']!).header('cache-control', 'no-store').send(html)
    }
    reply.hijack()
    vite.middlewares(request.raw, reply.raw, (error: unknown) => {
      reply.raw.statusCode = error ? 500 : 404
      reply.raw.end()
    })
    return reply
  }
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
