import type { TrackingReader, TrackingWriter } from '../../../ports/tracking.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { experimentWriter, readExperiment, readExperimentNamed, searchExperiments } from './experiments.ts'
import { factWriter, readDatasets, readFacts, readInputs, readParams } from './facts.ts'
import { garbageReader, garbageWriter } from './garbage.ts'
import { loggedModelReader, loggedModelWriter } from './logged-models.ts'
import { addPoints, readPoints, samplePoints } from './metrics.ts'
import { addRunModels, readRunModels } from './run-models.ts'
import { searchRuns } from './run-search.ts'
import { readRun, runWriter } from './runs.ts'
import { clearTrackingTables } from './tables.ts'
import { trackingViews } from './views.ts'

export const trackingReader = (db: Database, dialect: SqlDialect): TrackingReader => ({
  experiment: (id) => readExperiment(db, id),
  experimentNamed: (name) => readExperimentNamed(db, name),
  experiments: (search) => searchExperiments(db, dialect, search),
  run: (id) => readRun(db, id),
  searchRuns: (search) => searchRuns(db, dialect, search),
  factsOf: (ids) => readFacts(db, dialect, ids),
  models: loggedModelReader(db, dialect),
  views: trackingViews(db, dialect),
  garbage: garbageReader(db),
  modelsOf: (ids) => readRunModels(db, dialect, ids),
  inputsOf: (ids) => readInputs(db, dialect, ids),
  paramsOf: (id, keys) => readParams(db, id, keys),
  points: (id, metric, page) => readPoints(db, dialect, id, metric, page),
  sampledPoints: (id, metric, sample) => samplePoints(db, dialect, id, metric, sample),
  datasets: (experiments, limit) => readDatasets(db, experiments, limit),
})

export const trackingWriter = (db: Database, dialect: SqlDialect): TrackingWriter => ({
  ...trackingReader(db, dialect),
  ...experimentWriter(db, dialect.isUniqueViolation),
  ...runWriter(db),
  ...factWriter(db),
  models: loggedModelWriter(db, dialect),
  garbage: garbageWriter(db),
  addModels: (id, models) => addRunModels(db, id, models),
  addPoints: (id, points) => addPoints(db, id, points),
  clear: () => clearTrackingTables(db),
})
