import type { Stage } from '../contract/events.ts'
import type { Answer } from './api.ts'

/** A stage as the diagram shows it. */
export interface StageView {
  stage: Exclude<Stage, 'project' | 'training'>
  title: string
  /** What it does, for someone who sees the loop for the first time. */
  does: string
  /** The screen that shows it in full. */
  path: string
}

/** In the order of the loop. Training is a part of the pipelines to whoever looks on. */
export const stageViews: readonly StageView[] = [
  { stage: 'data', title: 'Data', does: 'Takes in batches and checks them', path: '/data' },
  { stage: 'features', title: 'Features', does: 'Says what was known, and when', path: '/features' },
  { stage: 'pipelines', title: 'Pipelines', does: 'Train and evaluate candidates', path: '/pipelines' },
  { stage: 'registry', title: 'Registry', does: 'Lets in what passes its gates', path: '/models' },
  { stage: 'serving', title: 'Serving', does: 'Rolls out and answers', path: '/endpoints' },
  { stage: 'monitoring', title: 'Monitoring', does: 'Compares answers with labels', path: '/monitors' },
  { stage: 'lifecycle', title: 'Triggers', does: 'Decide when to train again', path: '/pipelines' },
]

/** The stage of the diagram that an event moves; none for those of the project as a whole. */
export const shownStage = (stage: string): string => (stage === 'training' ? 'pipelines' : stage)

export const stageTitle = (stage: string): string =>
  stageViews.find((view) => view.stage === shownStage(stage))?.title ?? (stage === 'delivery' ? 'Delivery' : 'Project')

export type StageState = Answer<'overview'>['stages'][number]
