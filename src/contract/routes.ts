import { dataRoutes } from './routes/data.ts'
import { deliveryRoutes } from './routes/delivery.ts'
import { eventRoutes } from './routes/events.ts'
import { modelRoutes } from './routes/models.ts'
import { monitoringRoutes } from './routes/monitoring.ts'
import { predictorRoutes } from './routes/predictors.ts'
import { projectRoutes } from './routes/project.ts'
import { reproductionRoutes } from './routes/reproduction.ts'
import { runRoutes } from './routes/runs.ts'

/** Every operation of the control plane. A new one is one more line in its group. */
export const routes = {
  ...projectRoutes,
  ...eventRoutes,
  ...dataRoutes,
  ...runRoutes,
  ...modelRoutes,
  ...monitoringRoutes,
  ...predictorRoutes,
  ...deliveryRoutes,
  ...reproductionRoutes,
}
export type Routes = typeof routes
export type RouteName = keyof Routes
