import { shopProject } from '../shop.ts'

// Nothing is wrong here: what the others are measured against.
export default shopProject()
