import { shopProject } from '../shop.ts'

// The fault: golden.json holds what callers send, and one of its columns has got another name.
export default shopProject()
