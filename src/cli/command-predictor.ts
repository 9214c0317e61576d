import { join } from 'node:path'
import type { Command } from 'commander'
import { port } from './command-server.ts'
import { defaultServer } from './connection.ts'

export function predictorCommand(program: Command): void {
  program
    .command('predictor')
    .description('run a prediction service alone')
    .option('--home <dir>', 'where it keeps models, features and its log', join('.millwright', 'predictor'))
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port', port, 4301)
    .option('--server <address>', 'the control plane', defaultServer)
    .option('--memory-mb <number>', 'the most memory it may take; models that need more are refused', Number)
    .action(async (options: { home: string; host: string; port: number; server: string; memoryMb?: number }) => {
      const { runPredictor } = await import('../predictor/main.ts')
      await runPredictor(options)
    })
}
