import { canary, endpoint } from 'millwright'
import { returns, shopProject } from '../shop.ts'

// The fault: a rollout holds for a length of time, `hours(12)`, not for 12. It would hold for the default instead.
export default shopProject({
  endpoint: endpoint('returns', returns, { rollout: canary([0.5, 1], { hold: 12 }) }),
})
