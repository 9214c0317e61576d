import { allAtOnce, endpoint } from 'millwright'
import { returns, shopProject } from '../shop.ts'

// The fault: nobody answers in a hundredth of a millisecond.
export default shopProject({
  endpoint: endpoint('returns', returns, { rollout: allAtOnce(), budget: { p99Ms: 0.01 } }),
})
