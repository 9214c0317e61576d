import { commandLine } from './command-line.ts'
import { printError } from './output.ts'
import { endWithWrapper } from './wrapper.ts'

endWithWrapper()

try {
  await commandLine().parseAsync()
} catch (error) {
  printError(error)
  process.exitCode = 1
}
