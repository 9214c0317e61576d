import { join } from 'node:path'
import { openFilesystemBlobs } from '../backends/filesystem/blobs.ts'
import { OnnxruntimeModelRunner } from '../backends/onnxruntime/onnxruntime-model-runner.ts'
import { messageOf } from '../base/errors.ts'
import { createClient } from '../sdk/client.ts'
import { cachedBlob } from './blob-cache.ts'
import { OwnCapabilities } from './capabilities.ts'
import { PredictorClock } from './clock.ts'
import { Endpoints } from './endpoints.ts'
import { predictorHttp } from './http.ts'
import { PredictorMetrics } from './metrics.ts'
import { OnlineState } from './online-state.ts'
import { PredictionLog } from './prediction-log.ts'
import { LogShipper } from './ship-log.ts'
import { readState } from './state-file.ts'
import { Sync } from './sync.ts'

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
  /** The most memory that it may take; a model that needs more is not sent here. Without it, all that the machine has. */
  memoryMb?: number
  onFault?: (message: string) => void
}

export interface RunningPredictor {
  readonly address: string
  close(): Promise<void>
}

/** Starts a prediction service: first from what it has on its own disk, then in step with the control plane. */
export async function startPredictor(options: PredictorOptions): Promise<RunningPredictor> {
  const { home, host } = options
  const onFault = options.onFault ?? (() => {})
  const state = await readState(home)
  const clock = new PredictorClock()
  if (state.clock.now > 0) clock.set(state.clock)
  const client = createClient(options.server, options.token ? { token: options.token } : {})
  const blobs = openFilesystemBlobs(join(home, 'blobs'))
  const features = await OnlineState.open(join(home, 'features'))
  const metrics = new PredictorMetrics()
  const log = new PredictionLog(join(home, 'predictions'), () => clock.now())
  const endpoints = new Endpoints(features, (hash) => cachedBlob(blobs, client, hash), new OnnxruntimeModelRunner())
  if (state.plan) {
    try {
      await features.followViews(state.plan)
      await endpoints.take(state.plan)
    } catch (error) {
      onFault(`the plan on disk could not be loaded: ${messageOf(error)}`)
    }
  }
  const app = predictorHttp(
    endpoints,
    { now: () => clock.now(), log, metrics },
    { version: options.version, ready: () => endpoints.revision !== '' },
  )
  await app.listen({ host, port: options.port })
  const bound = app.server.address()
  const port = typeof bound === 'object' && bound ? bound.port : options.port
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const sync = new Sync({
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
  sync.start()
  return {
    address,
    close: async () => {
      await app.close()
      await sync.stop()
      log.close()
      await endpoints.close()
      await features.close()
    },
  }
}
