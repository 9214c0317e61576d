/** The steps of notebooks/explore.ipynb. Made by `millwright notebook promote`: change the notebook, and promote again. */
import { command } from 'millwright'

/** Defaults of its parameters, for the pipeline that runs the steps. */
export const params = { trips_made: 400, seed: 7, late_after: 30 }

const options = {
  code: ['notebooks/explore_steps/millwright_values.py', 'notebooks/explore_steps/notebook_setup.py'],
  python: { lock: 'requirements.txt' },
}
const line = (file: string) => ['python', `notebooks/explore_steps/${file}`]

/** @param needs steps of the pipeline that the first cells come after, and whose outputs cells may read. */
export function steps(needs: Parameters<typeof command>[1] = []) {
  const make = command('make', needs, line('step_make.py'), { ...options, reads: ['seed', 'trips_made'] })
  const clean = command('clean', [make], line('step_clean.py'), { ...options, reads: ['late_after'] })
  const compare = command('compare', [clean], line('step_compare.py'), { ...options, reads: [] })
  const report = command('report', [clean, compare], line('step_report.py'), { ...options, reads: [] })
  return { make, clean, compare, report }
}
