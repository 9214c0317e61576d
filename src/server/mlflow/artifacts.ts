import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as z from 'zod'
import { MillwrightError } from '../../base/errors.ts'
import { locationOf } from '../../domain/registry/registered-versions.ts'
import {
  type ArtifactAddress,
  artifactAddress,
  artifactFolder,
  artifactPath,
} from '../../domain/tracking/artifact-path.ts'
import { type ArtifactUploads, mostParts } from '../../domain/tracking/artifact-uploads.ts'
import type { TrackedArtifacts } from '../../domain/tracking/tracked-artifacts.ts'
import { jsonText } from '../../http/json-body.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { EntryMark, TrackedEntry, TrackedFile } from '../../ports/tracked-files.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import { type Access, callerOf } from '../http/access.ts'
import type { Registered } from '../registered.ts'
import { sendArtifact } from './artifact-download.ts'
import { answerProtocolErrors } from './protocol-errors.ts'
import { checkStepRoot } from './step-scope.ts'

/** What the routes need to know of runs and logged models. */
export interface ArtifactRoots {
  /** `<experiment>/<run>/artifacts`. @throws `not-found` */
  rootOf(runId: string): Promise<string>
  /** `<experiment>/models/<model>/artifacts`. @throws `not-found` */
  rootOfModel(modelId: string): Promise<string>
  /** Whether files may come and go there. @throws `not-found` for a run or a model that is not there, `conflict` for one that is deleted. */
  checkWritable(root: string): Promise<void>
}

export interface ArtifactRoutesOptions {
  artifacts: TrackedArtifacts
  uploads: ArtifactUploads
  tracking: TrackingReader
  blobs: Blobs
  roots: ArtifactRoots
  registered: Registered
  access: Access
}

/** The same routes for clients and for pages of the protocol. */
const prefixes = ['/api/2.0', '/ajax-api/2.0']
/** Of ten thousand parts with their addresses. */
const mostJsonBytes = 8 << 20
const mostEntries = 10_000
/** Header with which a part is sent: whoever has it may, and need not say who they are, as the client sends no token there. */
const keyHeader = 'x-upload-key'

const text = z.string()
const number = z.coerce.number().int()
const createSchema = z.object({ path: text, num_parts: number.min(1).max(mostParts) })
const uploadSchema = z.object({ path: text, upload_id: text })
const completeSchema = uploadSchema.extend({
  parts: z.array(z.object({ part_number: number, etag: text.nullish() })).max(mostParts),
})
const versionFileSchema = z.object({ name: text.min(1), version: text.min(1), path: text })
const listSchema = z.object({
  run_id: text.optional(),
  run_uuid: text.optional(),
  path: text.optional(),
  max_results: number.min(1).max(mostEntries).optional(),
  page_token: text.optional(),
})

function read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value ?? {})
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.join('.') ?? ''
  throw new MillwrightError('invalid-request', `${field || 'the request'}: ${issue?.message}`, field ? { field } : {})
}

/** `<path>` of an address that ends with it, decoded once. */
const restOf = (request: FastifyRequest): string => (request.params as { '*': string })['*']

/** The file that an upload in parts makes: the last name of the path that the client has it at, in the folder of the address. */
function uploadTarget(request: FastifyRequest, path: string): ArtifactAddress {
  const { root, path: folder } = artifactAddress(restOf(request))
  const name = path.split(/[/\\]/).at(-1)!
  return { root, path: artifactPath(folder === '' ? name : `${folder}/${name}`) }
}

const tokenOf = ({ name, isFolder }: EntryMark): string =>
  Buffer.from(JSON.stringify([name, isFolder])).toString('base64url')

function markOf(token: string): EntryMark {
  try {
    const [name, isFolder] = z.tuple([text, z.boolean()]).parse(JSON.parse(Buffer.from(token, 'base64url').toString()))
    return { name, isFolder }
  } catch {
    throw new MillwrightError('invalid-request', 'the page token is none that was given', { field: 'page_token' })
  }
}

const fileInfo = ({ name, isFolder, size }: TrackedEntry, folder = '') => ({
  path: folder === '' ? name : `${folder}/${name}`,
  is_dir: isFolder,
  ...(size === null ? {} : { file_size: size }),
})

/** Artifacts as the protocol of MLflow reads and writes them: proxied by their address, and by the run that they are of. */
export async function artifactRoutes(scope: FastifyInstance, options: ArtifactRoutesOptions): Promise<void> {
  const { artifacts, uploads, tracking, blobs, roots, access, registered } = options
  /** A model with an ONNX file is a folder that is made on the way out. */
  const fileOf = (address: ArtifactAddress): Promise<TrackedFile> =>
    artifacts.file(address).catch((error: MillwrightError) => {
      if (error.code !== 'not-found' || !address.root.startsWith('models/')) throw error
      return registered.onnxFolders.file(address)
    })
  answerProtocolErrors(scope)
  // Whatever is said of the bytes, they are bytes: a file of JSON is not parsed.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, body, done) => done(null, body))

  /** Before a byte of the body is read: nobody sends gigabytes to be refused. */
  const may = (name: string, method: 'GET' | 'PUT' | 'POST' | 'DELETE') => async (request: FastifyRequest) => {
    const { step } = await callerOf(request, name, { method, forSteps: true }, access)
    checkTarget(request)
    if (step && method !== 'GET') await checkStepRoot(step, artifactAddress(restOf(request)).root, tracking)
    if (method === 'PUT') takeAsBytes(request)
  }
  /** The bytes of the body as they come; none for a body that is none. */
  const bytesOf = (request: FastifyRequest): AsyncIterable<Uint8Array> => {
    const length = request.headers['content-length']
    if (length !== undefined) artifacts.checkSize(Number(length))
    // Whoever stops in the middle still has to be answered: the connection is not to end with that.
    return request.body === undefined ? nothing() : request.raw.iterator({ destroyOnReturn: false })
  }
  const listed = async (address: ArtifactAddress, folder?: string) =>
    (await entriesOf(address)).map((entry) => fileInfo(entry, folder))
  const entriesOf = async (address: ArtifactAddress): Promise<TrackedEntry[]> => {
    const entries = await artifacts.listAll(address)
    return entries.length > 0 || !address.root.startsWith('models/') ? entries : registered.onnxFolders.listAll(address)
  }

  for (const prefix of prefixes) {
    const files = `${prefix}/mlflow-artifacts/artifacts`
    scope.get(files, { onRequest: may('listArtifacts', 'GET') }, async (request) => ({
      files: await listed(artifactAddress(read(listSchema, request.query).path ?? '')),
    }))
    scope.route({
      method: ['GET', 'HEAD'],
      url: `${files}/*`,
      onRequest: may('artifact', 'GET'),
      handler: async (request, reply) =>
        sendArtifact(request, reply, blobs, await fileOf(fileAddress(restOf(request)))),
    })
    scope.put(`${files}/*`, { onRequest: may('writeArtifact', 'PUT') }, async (request, reply) => {
      const address = fileAddress(restOf(request))
      await roots.checkWritable(address.root)
      const { hash } = await artifacts.write(address, bytesOf(request))
      return reply.header('etag', `"${hash}"`).send({})
    })
    scope.delete(`${files}/*`, { onRequest: may('removeArtifacts', 'DELETE') }, async (request) => {
      const address = artifactAddress(restOf(request))
      await roots.checkWritable(address.root)
      await artifacts.remove(address)
      return {}
    })

    const part = `${prefix}/mlflow-artifacts/mpu/part`
    scope.put(
      `${part}/:upload/:number`,
      {
        onRequest: async (request) => {
          const key = request.headers[keyHeader]
          if (typeof key !== 'string') throw new MillwrightError('unauthorized', `a part needs the header ${keyHeader}`)
          await uploads.checkKey((request.params as { upload: string }).upload, key)
          takeAsBytes(request)
        },
      },
      async (request, reply) => {
        const { upload, number } = request.params as { upload: string; number: string }
        const { hash } = await uploads.part(upload, Number(number), bytesOf(request))
        return reply.header('etag', `"${hash}"`).send({})
      },
    )

    scope.get(`${prefix}/mlflow/artifacts/list`, { onRequest: may('listArtifacts', 'GET') }, async (request) => {
      const { run_id, run_uuid, path = '', max_results, page_token } = read(listSchema, request.query)
      const root = await roots.rootOf(runOf(run_id, run_uuid))
      const address = { root, path: artifactFolder(path) }
      const root_uri = `mlflow-artifacts:/${root}`
      if (max_results === undefined) return { root_uri, files: await listed(address, address.path) }
      const after = page_token ? { after: markOf(page_token) } : {}
      const found = await artifacts.list(address, { ...after, limit: max_results + 1 })
      const page = found.slice(0, max_results)
      return {
        root_uri,
        files: page.map((entry) => fileInfo(entry, address.path)),
        ...(found.length > page.length ? { next_page_token: tokenOf(page.at(-1)!) } : {}),
      }
    })
  }

  for (const url of ['/get-artifact', '/ajax-api/2.0/mlflow/get-artifact'])
    scope.route({
      method: ['GET', 'HEAD'],
      url,
      onRequest: may('artifact', 'GET'),
      handler: async (request, reply) => {
        const { run_id, run_uuid, path = '' } = read(listSchema, request.query)
        const file = artifactPath(path)
        const root = await roots.rootOf(runOf(run_id, run_uuid))
        return sendArtifact(request, reply, blobs, await artifacts.file({ root, path: file }))
      },
    })

  for (const url of ['/model-versions/get-artifact', '/ajax-api/2.0/mlflow/model-versions/get-artifact'])
    scope.route({
      method: ['GET', 'HEAD'],
      url,
      onRequest: may('artifact', 'GET'),
      handler: async (request, reply) => {
        const { name, version, path } = read(versionFileSchema, request.query)
        const file = artifactPath(path)
        const { record } = await registered.versions.get(name, version)
        const [, address] = /^mlflow-artifacts:\/(.*)$/s.exec(locationOf(record) ?? '') ?? []
        if (address === undefined)
          throw new MillwrightError('not-found', `the files of ${record.id} are not kept here`, { field: 'version' })
        const { root, path: folder } = artifactAddress(address)
        return sendArtifact(request, reply, blobs, await fileOf({ root, path: folder ? `${folder}/${file}` : file }))
      },
    })

  await scope.register(async (json) => {
    const parse = json.getDefaultJsonParser('error', 'error')
    json.removeAllContentTypeParsers()
    json.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
      try {
        parse(request, jsonText(body), done)
      } catch (error) {
        done(error as Error)
      }
    })
    for (const prefix of prefixes) {
      const uploadsAt = `${prefix}/mlflow-artifacts/mpu`
      const asked = { onRequest: may('writeArtifact', 'POST'), bodyLimit: mostJsonBytes }
      json.post(`${uploadsAt}/create/*`, asked, async (request) => {
        const { path, num_parts } = read(createSchema, request.body)
        const target = uploadTarget(request, path)
        await roots.checkWritable(target.root)
        const { id, key } = await uploads.create(target, num_parts)
        const parts = `${ownAddress(request)}${uploadsAt}/part/${id}`
        return {
          upload_id: id,
          credentials: Array.from({ length: num_parts }, (_, at) => ({
            url: `${parts}/${at + 1}`,
            part_number: at + 1,
            headers: { [keyHeader]: key },
          })),
        }
      })
      json.post(`${uploadsAt}/complete/*`, asked, async (request) => {
        const { path, upload_id, parts } = read(completeSchema, request.body)
        const target = uploadTarget(request, path)
        await roots.checkWritable(target.root)
        const stated = parts.map(({ part_number, etag }) => ({
          number: part_number,
          hash: etag ? etag.replace(/^"|"$/g, '') : null,
        }))
        await uploads.complete(upload_id, target, stated)
        return {}
      })
      json.post(`${uploadsAt}/abort/*`, asked, async (request) => {
        const { path, upload_id } = read(uploadSchema, request.body)
        await uploads.abort(upload_id, uploadTarget(request, path))
        return {}
      })
    }
  })
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** What a file is said to be may be no media type at all. */
function takeAsBytes({ headers }: FastifyRequest): void {
  headers['content-type'] = 'application/octet-stream'
}

/** A file of an address has no `/` at its end. */
const fileAddress = (address: string): ArtifactAddress => {
  const found = artifactAddress(artifactPath(address))
  if (found.path === '') throw new MillwrightError('not-found', 'the root of artifacts is no file', { field: 'path' })
  return found
}

/** What follows a `#` is no part of an address for whoever looks for the route: it would be left out, and another file be meant. */
function checkTarget({ raw }: FastifyRequest): void {
  if (raw.url?.includes('#')) throw new MillwrightError('invalid-request', 'an address has no #', { field: 'path' })
}

function runOf(runId: string | undefined, runUuid: string | undefined): string {
  const id = runId || runUuid
  if (id) return id
  throw new MillwrightError('invalid-request', 'run_id: which run is missing', { field: 'run_id' })
}

/** The address that the client reached this by; a proxy in front may have taken it over TLS. */
function ownAddress({ headers, protocol }: FastifyRequest): string {
  return `${headers['x-forwarded-proto'] === 'https' ? 'https' : protocol}://${headers.host}`
}
