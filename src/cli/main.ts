import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { applyCommands } from './command-apply.ts'
import { auditCommands } from './command-audit.ts'
import { ciCommand } from './command-ci.ts'
import { dataCommands } from './command-data.ts'
import { diffCommand } from './command-diff.ts'
import { initCommand } from './command-init.ts'
import { modelCommands } from './command-models.ts'
import { packageCommands } from './command-package.ts'
import { predictorCommand } from './command-predictor.ts'
import { reproduceCommand } from './command-reproduce.ts'
import { rollbackCommand } from './command-rollback.ts'
import { runCommands } from './command-run.ts'
import { serverCommand } from './command-server.ts'
import { tokenCommands } from './command-token.ts'
import { upCommand } from './command-up.ts'
import { printError } from './output.ts'
import { endWithWrapper } from './wrapper.ts'

endWithWrapper()

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('millwright')
  .description(
    'Machine learning in production: data, features, pipelines, registry, serving, monitoring, retraining, in one system.',
  )
  .version(version)
  .showHelpAfterError('(`millwright --help` lists the commands)')

initCommand(program)
upCommand(program)
applyCommands(program)
ciCommand(program)
runCommands(program)
dataCommands(program)
modelCommands(program)
rollbackCommand(program)
reproduceCommand(program)
diffCommand(program)
packageCommands(program)
auditCommands(program)
tokenCommands(program)
serverCommand(program)
predictorCommand(program)

try {
  await program.parseAsync()
} catch (error) {
  printError(error)
  process.exitCode = 1
}
