import type { ControlPlane } from './control-plane.ts'
import { dataHandlers } from './handlers/data.ts'
import { deliveryHandlers } from './handlers/delivery.ts'
import { eventHandlers } from './handlers/events.ts'
import { modelHandlers } from './handlers/models.ts'
import { monitoringHandlers } from './handlers/monitoring.ts'
import { predictorHandlers } from './handlers/predictors.ts'
import { projectHandlers } from './handlers/project.ts'
import { reproductionHandlers } from './handlers/reproduction.ts'
import { runHandlers } from './handlers/runs.ts'
import type { AllHandlers } from './http/handlers.ts'

/** What answers every route, a group a line. */
export const allHandlers = (plane: ControlPlane): AllHandlers => ({
  ...projectHandlers(plane),
  ...eventHandlers(plane),
  ...dataHandlers(plane),
  ...runHandlers(plane),
  ...modelHandlers(plane),
  ...monitoringHandlers(plane),
  ...predictorHandlers(plane),
  ...deliveryHandlers(plane),
  ...reproductionHandlers(plane),
})
