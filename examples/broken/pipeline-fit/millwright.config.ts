import { pipeline, step } from 'millwright'
import { shopProject } from '../shop.ts'

// The fault: the second step runs for each of a list that the first one does not hand on.
const listed = step('listed', [], () => ({ shops: ['north', 'south'] }))
const each = step('each', [listed], ({ element }) => ({ element }), { forEach: 'steps.listed.names' })
export default shopProject({ pipelines: [pipeline('by-shop', { steps: [each] })] })
