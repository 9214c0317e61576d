export interface ScreenEntry {
  /** Under which heading it stands; none for the first. */
  group: string
  path: string
  title: string
  /** Goes to it after `g`. */
  key: string
  /** The question that it answers. */
  says: string
}

/** The screens by what one comes for, in the order of the loop. */
export const screens: readonly ScreenEntry[] = [
  { group: '', path: '/', title: 'Overview', key: 'o', says: 'Is all well, and what just happened?' },
  { group: 'Build', path: '/pipelines', title: 'Pipelines', key: 'p', says: 'What runs, in which order, and why' },
  { group: 'Build', path: '/runs', title: 'Runs', key: 'r', says: 'What pipelines ran, and what came of it' },
  {
    group: 'Build',
    path: '/experiments',
    title: 'Experiments',
    key: 'x',
    says: 'What scripts log with MLflow',
  },
  { group: 'Build', path: '/data', title: 'Data', key: 'd', says: 'Datasets, their versions and what checks said' },
  { group: 'Build', path: '/features', title: 'Features', key: 'f', says: 'What is known of an entity, and when' },
  { group: 'Ship', path: '/models', title: 'Models', key: 'm', says: 'Versions, their gates, and why one was refused' },
  { group: 'Ship', path: '/endpoints', title: 'Endpoints', key: 'e', says: 'What answers, how fast, and for whom' },
  { group: 'Ship', path: '/delivery', title: 'Delivery', key: 'y', says: 'Which package runs where, and what waits' },
  { group: 'Watch', path: '/monitors', title: 'Monitors', key: 't', says: 'Quality, drift and service over time' },
  { group: 'Watch', path: '/events', title: 'Events', key: 'v', says: 'Everything that happened, in a verified chain' },
  { group: 'Watch', path: '/project', title: 'Project', key: 'j', says: 'The definition in force' },
]
