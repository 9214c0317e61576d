import { pipeline, step } from 'millwright'
import { shopProject } from '../shop.ts'
import { discounted } from './discount.ts'

// The fault: the discount is wrong, and a test of the project knows it.
export default shopProject({
  pipelines: [pipeline('discounts', { steps: [step('ten', [], () => discounted(10, 20))] })],
})
