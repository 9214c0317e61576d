import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { applyCommands } from './command-apply.ts'
import { auditCommands } from './command-audit.ts'
import { backupCommands } from './command-backup.ts'
import { ciCommand } from './command-ci.ts'
import { dataCommands } from './command-data.ts'
import { diffCommand } from './command-diff.ts'
import { experimentCommands } from './command-experiments.ts'
import { gcCommand } from './command-gc.ts'
import { initCommand } from './command-init.ts'
import { lineageCommand } from './command-lineage.ts'
import { modelCommands } from './command-models.ts'
import { notebookCommands } from './command-notebook.ts'
import { packageCommands } from './command-package.ts'
import { predictorCommand } from './command-predictor.ts'
import { reproduceCommand } from './command-reproduce.ts'
import { rollbackCommand } from './command-rollback.ts'
import { runCommands } from './command-run.ts'
import { serverCommand } from './command-server.ts'
import { tokenCommands } from './command-token.ts'
import { upCommand } from './command-up.ts'
import { upgradeCheckCommand } from './command-upgrade-check.ts'
import { webhookCommands } from './command-webhook.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** Every command with its options. */
export function commandLine(): Command {
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
  lineageCommand(program)
  rollbackCommand(program)
  reproduceCommand(program)
  diffCommand(program)
  upgradeCheckCommand(program)
  notebookCommands(program)
  packageCommands(program)
  experimentCommands(program)
  auditCommands(program)
  webhookCommands(program)
  gcCommand(program)
  backupCommands(program)
  tokenCommands(program)
  serverCommand(program)
  predictorCommand(program)
  return program
}
