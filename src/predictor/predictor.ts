import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openFilesystemBlobs } from '../backends/filesystem/blobs.ts'
import { OnnxruntimeModelRunner } from '../backends/onnxruntime/onnxruntime-model-runner.ts'
import { MillwrightError, messageOf } from '../base/errors.ts'
import { takeFolder } from '../base/folder-lock.ts'
import { hostsFrom, isLoopback, KnownHosts } from '../http/doors.ts'
import { type HttpLimits, limitsFrom } from '../http/limits.ts'
import { listen } from '../http/listen.ts'
import { createClient } from '../sdk/client.ts'
import { cachedBlob } from './blob-cache.ts'
import { OwnCapabilities } from './capabilities.ts'
import { PredictorClock } from './clock.ts'
import { Endpoints } from './endpoints.ts'
import { predictorHttp } from './http.ts'
import { PredictorMetrics } from './metrics.ts'
import { OnlineState } from './online-state.ts'
import { PredictionLog } from './prediction-log.ts'
import { PythonModels } from './python-models.ts'
import { LogShipper } from './ship-log.ts'
import { readState } from './state-file.ts'
import { Sync } from './sync.ts'
import { AskedToken } from './token.ts'

export interface PredictorOptions {
  home: string
  host: string
  /** 0 takes any that is free. */
  port: number
  /** Address of the control plane. */
  server: string
  version: string
  /** For a control plane that asks who it is. */
  token?: string
  /** What whoever asks for predictions must send. */
  askedToken?: string
  /** Where they differ from the usual ones and those of the environment. */
  limits?: Partial<HttpLimits>
  /** The most memory that it may take; a model that needs more is not sent here. Without it, all that the machine has. */
  memoryMb?: number
  onFault?: (message: string) => void
}

export interface RunningPredictor {
  readonly address: string
  close(): Promise<void>
}

/**
 * Starts a prediction service: first from what it has on its own disk, then in step with the control plane.
 *
 * @throws `forbidden` for an address that others reach while it asks nobody for a token, `conflict` while another process works in its folder.
 */
export async function startPredictor(options: PredictorOptions): Promise<RunningPredictor> {
  const { home, host } = options
  const token = new AskedToken(options.askedToken)
  if (!isLoopback(host) && !token.isAsked)
    throw new MillwrightError('forbidden', `${host} is reached from elsewhere, and this service asks for no token`, {
      field: 'host',
      hint: 'Set MILLWRIGHT_PREDICTOR_TOKEN to what callers must send, here and for the control plane. On 127.0.0.1 none is needed.',
    })
  const onFault = options.onFault ?? (() => {})
  await mkdir(home, { recursive: true })
  const lock = await takeFolder({
    file: join(home, 'predictor.pid'),
    scratch: home,
    folder: home,
    who: 'prediction service',
  })
  const state = await readState(home)
  const clock = new PredictorClock()
  if (state.clock.now > 0) clock.set(state.clock)
  const client = createClient(options.server, options.token ? { token: options.token } : {})
  const blobs = openFilesystemBlobs(join(home, 'blobs'))
  const features = await OnlineState.open(join(home, 'features'))
  const metrics = new PredictorMetrics()
  const log = new PredictionLog(join(home, 'predictions'), () => clock.now())
  const blobPath = async (hash: string): Promise<string> => {
    await cachedBlob(blobs, client, hash)
    return blobs.pathOf(hash)
  }
  const endpoints: Endpoints = new Endpoints(
    features,
    (hash) => cachedBlob(blobs, client, hash),
    new OnnxruntimeModelRunner(),
    new PythonModels(home, blobPath, () => void prepared()),
  )
  let sync: Sync | null = null
  const prepared = async (): Promise<void> => {
    await endpoints.takeAgain().catch((error) => onFault(`the plan could not be loaded: ${messageOf(error)}`))
    sync?.hurry()
  }
  if (state.plan) {
    try {
      await features.followViews(state.plan)
      await endpoints.take(state.plan)
    } catch (error) {
      onFault(`the plan on disk could not be loaded: ${messageOf(error)}`)
    }
  }
  // After a death it may be behind what it stood at: it answers when it knows what is new, or that nobody tells.
  let open: Promise<void> | null = new Promise(() => {})
  const app = predictorHttp(
    endpoints,
    { now: () => clock.now(), log, metrics },
    {
      version: options.version,
      ready: () => endpoints.revision !== '',
      open: () => open,
      witness: () => state.witness,
      hosts: new KnownHosts(host, hostsFrom(process.env)),
      limits: { ...limitsFrom(process.env), ...options.limits },
      token,
    },
  )
  const address = await listen(app, options)
  sync = new Sync({
    client,
    address: () => address,
    folder: home,
    state,
    endpoints,
    features,
    clock,
    shipper: new LogShipper(client, state.predictor, log),
    metrics,
    capabilities: new OwnCapabilities(options.memoryMb ?? null),
    onFault,
  })
  open = sync.known.then(() => {
    open = null
  })
  sync.start()
  return {
    address,
    close: async () => {
      lock.leave()
      await app.close()
      await sync?.stop()
      log.close()
      await endpoints.close()
      await features.close()
      lock.release()
    },
  }
}
