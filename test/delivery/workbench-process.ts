import { openWorkbench } from '../../src/server/workbench.ts'

// Opens a workbench and waits to be ended.
const { home } = await openWorkbench({ projectDir: process.argv[2]! })
console.log(home)
setInterval(() => {}, 60_000)
