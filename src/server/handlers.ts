import type { ControlPlane } from './control-plane.ts'
import { dataHandlers } from './handlers/data.ts'
import { deliveryHandlers } from './handlers/delivery.ts'
import { eventHandlers } from './handlers/events.ts'
import { featureHandlers } from './handlers/features.ts'
import { modelHandlers } from './handlers/models.ts'
import { monitoringHandlers } from './handlers/monitoring.ts'
import { predictorHandlers } from './handlers/predictors.ts'
import { projectHandlers } from './handlers/project.ts'
import { reproductionHandlers } from './handlers/reproduction.ts'
import { runViewHandlers } from './handlers/run-views.ts'
import { runHandlers } from './handlers/runs.ts'
import { sessionHandlers } from './handlers/session.ts'
import { storageHandlers } from './handlers/storage.ts'
import { trackingHandlers } from './handlers/tracking.ts'
import { upgradeHandlers } from './handlers/upgrades.ts'
import { webhookHandlers } from './handlers/webhooks.ts'
import type { AllHandlers } from './http/handlers.ts'

/** What answers every route, a group a line. */
export const allHandlers = (plane: ControlPlane): AllHandlers => ({
  ...projectHandlers(plane),
  ...sessionHandlers(plane),
  ...eventHandlers(plane),
  ...dataHandlers(plane),
  ...featureHandlers(plane),
  ...runHandlers(plane),
  ...runViewHandlers(plane),
  ...modelHandlers(plane),
  ...monitoringHandlers(plane),
  ...predictorHandlers(plane),
  ...deliveryHandlers(plane),
  ...reproductionHandlers(plane),
  ...upgradeHandlers(plane),
  ...storageHandlers(plane),
  ...trackingHandlers(plane),
  ...webhookHandlers(plane),
})
