import { pipeline, step } from 'millwright'
import { shopProject } from '../shop.ts'

// The fault: the step leaves its report under another name than it says.
const counted = step(
  'counted',
  [],
  async (context) => {
    await context.artifact('report.json', { json: { orders: 1500 } })
    return { orders: 1500 }
  },
  { yields: ['orders.json'] },
)
export default shopProject({ pipelines: [pipeline('reports', { steps: [counted] })] })
