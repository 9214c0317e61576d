import type { Command } from 'commander'

export const port = (text: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new Error(`"${text}" is no port: a number from 0 to 65535`)
  return number
}

export function serverCommand(program: Command): void {
  program
    .command('server')
    .description('run the control plane alone')
    .option('--home <dir>', 'where all state is kept', '.millwright')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port', port, 4300)
    .option('--environment <name>', 'which environment of the project it is; its rules hold from then on')
    .action(async (options: { home: string; host: string; port: number; environment?: string }) => {
      const { runServer } = await import('../server/main.ts')
      await runServer(options)
    })
}
