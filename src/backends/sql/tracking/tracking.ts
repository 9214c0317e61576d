import type { TrackingReader, TrackingWriter } from '../../../ports/tracking.ts'
import type { Database, SqlDialect } from '../dialect.ts'
import { experimentWriter, readExperiment, readExperimentNamed, searchExperiments } from './experiments.ts'
import { factWriter, readDatasets, readFacts, readInputs, readParams } from './facts.ts'
import { garbageReader, garbageWriter } from './garbage.ts'
import { loggedModelReader, loggedModelWriter } from './logged-models.ts'
import { addPoints, readPoints, samplePoints } from './metrics.ts'
import { addRunModels, readRunModels } from './run-models.ts'
import type { RunRevisions } from './run-revisions.ts'
import { searchRuns } from './run-search.ts'
import { readRun, runWriter } from './runs.ts'
import { clearTrackingTables } from './tables.ts'
import { trackingViews } from './views.ts'

export const trackingReader = (db: Database, dialect: SqlDialect, revisions: RunRevisions): TrackingReader => ({
  revisions,
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

/** The function, which tells first that it changes the run. */
const changesRun =
  <Rest extends unknown[], Result>(revisions: RunRevisions, change: (id: string, ...rest: Rest) => Promise<Result>) =>
  (id: string, ...rest: Rest): Promise<Result> => {
    revisions.touch(id)
    return change(id, ...rest)
  }

/** The function, which tells first that it may change any run. */
const changesRuns =
  <Asked extends unknown[], Result>(revisions: RunRevisions, change: (...asked: Asked) => Promise<Result>) =>
  (...asked: Asked): Promise<Result> => {
    revisions.touchAll()
    return change(...asked)
  }

export const trackingWriter = (db: Database, dialect: SqlDialect, revisions: RunRevisions): TrackingWriter => {
  const experiments = experimentWriter(db, dialect.isUniqueViolation)
  const runs = runWriter(db)
  const facts = factWriter(db)
  const garbage = garbageWriter(db)
  return {
    ...trackingReader(db, dialect, revisions),
    ...experiments,
    // Runs say where their experiment keeps files.
    updateExperiment: changesRuns(revisions, experiments.updateExperiment),
    insertRun: (run) => {
      revisions.touch(run.id)
      return runs.insertRun(run)
    },
    updateRun: changesRun(revisions, runs.updateRun),
    markRuns: changesRuns(revisions, runs.markRuns),
    addParams: changesRun(revisions, facts.addParams),
    setTags: changesRun(revisions, facts.setTags),
    removeTag: changesRun(revisions, facts.removeTag),
    addInputs: changesRun(revisions, facts.addInputs),
    models: loggedModelWriter(db, dialect),
    garbage: {
      ...garbage,
      mark: changesRuns(revisions, garbage.mark),
      markWithin: changesRuns(revisions, garbage.markWithin),
      removeRows: changesRuns(revisions, garbage.removeRows),
      remove: changesRuns(revisions, garbage.remove),
    },
    addModels: changesRun(revisions, (id, models) => addRunModels(db, id, models)),
    addPoints: changesRun(revisions, (id, points) => addPoints(db, id, points)),
    clear: changesRuns(revisions, () => clearTrackingTables(db)),
  }
}
