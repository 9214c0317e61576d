import { resolve } from 'node:path'
import type { Command } from 'commander'

export const port = (text: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new Error(`"${text}" is no port: a number from 0 to 65535`)
  return number
}

interface ServerOptions {
  home: string
  host: string
  port: number
  environment?: string
  repository?: string
  folder: string
  key?: string
  artifactRoot?: string
  testReset?: boolean
}

export function serverCommand(program: Command): void {
  program
    .command('server')
    .description('run the control plane alone')
    .option('--home <dir>', 'where all state is kept', '.millwright')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port', port, 4300)
    .option('--environment <name>', 'which environment of the project it is; its rules hold from then on')
    .option(
      '--repository <address>',
      'watch this git repository: test, pack and deploy its commits, as the environment takes them',
    )
    .option('--folder <dir>', 'folder of the project in the repository', '')
    .option('--key <file>', 'sign what comes of it with this key; see `millwright key create`')
    .option(
      '--artifact-root <dir>',
      'experiments made from now on have their artifacts in this folder, where clients of this machine write by themselves',
    )
    .option('--test-reset', 'open POST /api/test-reset, which empties a home that was made with this option')
    .action(async ({ repository, folder, key, ...options }: ServerOptions) => {
      const { runServer } = await import('../server/main.ts')
      const watch = repository ? { watch: { repository, folder, ...(key ? { keyFile: resolve(key) } : {}) } } : {}
      await runServer({ ...options, ...watch })
    })
}
