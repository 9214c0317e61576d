import { dataRoutes } from './routes/data.ts'
import { deliveryRoutes } from './routes/delivery.ts'
import { eventRoutes } from './routes/events.ts'
import { featureRoutes } from './routes/features.ts'
import { modelRoutes } from './routes/models.ts'
import { monitoringRoutes } from './routes/monitoring.ts'
import { predictorRoutes } from './routes/predictors.ts'
import { projectRoutes } from './routes/project.ts'
import { reproductionRoutes } from './routes/reproduction.ts'
import { runViewRoutes } from './routes/run-views.ts'
import { runRoutes } from './routes/runs.ts'
import { searchRoutes } from './routes/search.ts'
import { sessionRoutes } from './routes/session.ts'
import { storageRoutes } from './routes/storage.ts'
import { trackingRoutes } from './routes/tracking.ts'
import { upgradeRoutes } from './routes/upgrades.ts'
import { webhookRoutes } from './routes/webhooks.ts'

/** Every operation of the control plane. A new one is one more line in its group. */
export const routes = {
  ...projectRoutes,
  ...sessionRoutes,
  ...searchRoutes,
  ...eventRoutes,
  ...dataRoutes,
  ...featureRoutes,
  ...runRoutes,
  ...runViewRoutes,
  ...modelRoutes,
  ...monitoringRoutes,
  ...predictorRoutes,
  ...deliveryRoutes,
  ...reproductionRoutes,
  ...upgradeRoutes,
  ...storageRoutes,
  ...trackingRoutes,
  ...webhookRoutes,
}
export type Routes = typeof routes
export type RouteName = keyof Routes
