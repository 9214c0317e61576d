import { canary, endpoint } from 'millwright'
import { returns, shopProject } from '../shop.ts'

// The fault: a rollout whose steps fall.
export default shopProject({
  endpoint: endpoint('returns', returns, { rollout: canary([0.5, 0.1]) }),
})
