import { MillwrightError } from '../../base/errors.ts'
import { folderPath, nameInFolder } from '../../contract/search/experiment-folders.ts'
import { type Experiment, trackingLimits } from '../../contract/tracking.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import { tellOfExperiment } from './experiments.ts'
import { checkLength } from './names.ts'
import { nearExperiment } from './near-names.ts'

/** Experiments by their ids, or all in a folder and below; and where they come. */
export interface Move {
  experiments: readonly string[]
  folder: string | null
  /** A folder, '' for none. */
  into?: string | undefined
  /** The new name of the one experiment, or of the folder. */
  as?: string | undefined
}

export interface Moved {
  id: string
  from: string
  to: string
}

/** All of them change in one commit, which others wait for. */
const mostMoved = 5_000

/** Folders of experiments, which are nothing but names: to move is to give other names. */
export class ExperimentFolders {
  constructor(private readonly metadata: Metadata) {}

  /**
   * All of them, or none; runs stay with their experiments, whose ids do not change.
   *
   * @returns whose names change, by name. @throws `not-found`, `already-exists` with the first name that is taken, `invalid-request`, `too-large`
   */
  async move(move: Move, { dryRun, actor }: { dryRun: boolean; actor: string }): Promise<Moved[]> {
    checkMove(move)
    if (dryRun) return planned(this.metadata.tracking, move)
    return this.metadata.transaction(async (writer) => {
      const moved = await planned(writer.tracking, move)
      const changedAt = Date.now()
      const targets = new Set(moved.map(({ to }) => to))
      // One may come where another still is that goes, too: that one makes room first.
      for (const { id, from } of moved)
        if (targets.has(from)) await writer.tracking.updateExperiment(id, { name: `\u0001moving ${id}` })
      for (const { id, from, to } of moved) {
        await writer.tracking.updateExperiment(id, { name: to, changedAt })
        await tellOfExperiment(writer, 'experiment.renamed', id, actor, `the experiment ${from} is called ${to} now`)
      }
      return moved
    })
  }
}

function checkMove({ experiments, folder, into, as }: Move): void {
  const refuse = (message: string, field: string): MillwrightError =>
    new MillwrightError('invalid-request', message, { field })
  if ((folder === null) === (experiments.length === 0))
    throw refuse('say either experiments or a folder that is to move', 'folder')
  if ((into === undefined) === (as === undefined)) throw refuse('say either where to, or the new name', 'into')
  if (as !== undefined && experiments.length > 1) throw refuse('one name is no name for several experiments', 'as')
  if (folder !== null && folderPath(folder) === '') throw refuse('the folder that is to move needs a name', 'folder')
  const [path, field] = as === undefined ? [folderPath(into!), 'into'] : [as, 'as']
  if (field === 'as' && path === '') throw refuse('the new name is empty', field)
  if (path.slice(1).includes('//') || (field === 'as' && path.endsWith('/') && path !== '/'))
    throw refuse(`a folder of "${path.slice(0, 300)}" has no name`, field)
}

const joined = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

const listing =
  '`millwright experiments list` says what there is, `millwright experiments list FOLDER` what lies in a folder.'

async function noFolder(tracking: TrackingReader, path: string): Promise<MillwrightError> {
  const meant = await nearExperiment(tracking, path)
  const mend =
    meant === path
      ? `That is an experiment: name it by its id, or on the command line without / behind it.`
      : meant !== undefined && `Did you mean "${meant}"?`
  return new MillwrightError('not-found', `there is no folder "${path.slice(0, 300)}" of experiments`, {
    field: 'folder',
    hint: mend ? `${mend} ${listing}` : listing,
  })
}

const noExperiment = (id: string, deleted: Experiment | undefined): MillwrightError =>
  new MillwrightError('not-found', `there is no active experiment ${id.slice(0, 100)}`, {
    field: 'experiments',
    hint: deleted
      ? `"${deleted.name.slice(0, 300)}" is deleted: \`MlflowClient().restore_experiment("${deleted.id}")\` brings it back.`
      : listing,
  })

async function planned(tracking: TrackingReader, { experiments, folder, into, as }: Move): Promise<Moved[]> {
  const all: Moved[] = []
  if (folder !== null) {
    const path = folderPath(folder)
    const target = as ?? joined(folderPath(into!), nameInFolder(path))
    for (const { id, name } of await tracking.views.below(path, mostMoved + 1))
      all.push({ id, from: name, to: target + name.slice(path.length) })
    if (all.length === 0) throw await noFolder(tracking, path)
  }
  for (const id of new Set(experiments)) {
    const experiment = await tracking.experiment(id)
    if (!experiment || experiment.isDeleted) throw noExperiment(id, experiment)
    all.push({ id, from: experiment.name, to: as ?? joined(folderPath(into!), nameInFolder(experiment.name)) })
  }
  if (all.length > mostMoved)
    throw new MillwrightError('too-large', `so many experiments cannot move at once: ${mostMoved} are the most`, {
      field: 'folder',
      hint: 'Move the folders in it one by one.',
    })
  const moved = all.filter(({ from, to }) => from !== to)
  const leaving = new Set(moved.map(({ id }) => id))
  const targets = new Set<string>()
  for (const { to } of moved) {
    checkLength(to, trackingLimits.experimentName, 'name')
    const other = await tracking.experimentNamed(to)
    if (targets.has(to) || (other && !other.isDeleted && !leaving.has(other.id)))
      throw new MillwrightError('already-exists', `there is already an experiment "${to}"`, {
        field: 'name',
        hint: 'Nothing was moved. Take another folder, or give that one another name first.',
      })
    targets.add(to)
  }
  return moved.sort((a, b) => (a.from < b.from ? -1 : 1))
}
