import { defineProject, environment, notebook, pipeline } from 'millwright'
import { params, steps } from './notebooks/explore_steps/steps.ts'

// While it is explored, a notebook is one step.
const explore = notebook('explore', [], 'notebooks/explore.ipynb', {
  parameters: { trips_made: '{params.trips_made}', late_after: '{params.late_after}' },
  python: { lock: 'requirements.txt' },
  yields: ['report.md'],
})
const study = pipeline('study', { params: { trips_made: 400, late_after: 30 }, steps: [explore] })

// What its cells have become: each is run again only when something that it depends on has changed.
const promoted = pipeline('study-steps', { params, steps: Object.values(steps()) })

export default defineProject('trips', {
  pipelines: [study, promoted],
  environments: [environment('test'), environment('production', { packagesOnly: true })],
})
