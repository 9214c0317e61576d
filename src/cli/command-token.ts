import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import { type Role, roles } from '../contract/principal.ts'
import { dim, table } from './output.ts'

const role = (text: string): Role => {
  const found = roles.find((each) => each === text)
  if (!found)
    throw new MillwrightError('invalid-request', `"${text}" is no role`, { hint: `Roles are ${roles.join(', ')}.` })
  return found
}

const home = ['--home <dir>', 'of the control plane', '.millwright'] as const

export function tokenCommands(program: Command): void {
  const token = program
    .command('token')
    .description('who may do what on a control plane; from the first token on, it asks for one')
  token
    .command('create')
    .description('let somebody in; the token is printed once and kept nowhere')
    .argument('<name>')
    .requiredOption('--role <role>', roles.join(', '), role)
    .option(...home)
    .action(async (name: string, options: { role: Role; home: string }) => {
      const { createToken } = await import('../server/principals.ts')
      console.log(createToken(options.home, name, options.role))
      console.error(dim(`${name} is ${options.role}. Set it as MILLWRIGHT_TOKEN; it is not shown again.`))
    })
  token
    .command('list')
    .description('those who have a token')
    .option(...home)
    .action(async (options: { home: string }) => {
      const { listTokens } = await import('../server/principals.ts')
      const found = listTokens(options.home)
      if (found.length === 0)
        console.log('Nobody has a token: everybody who reaches the control plane may do everything.')
      else
        console.log(
          table(
            ['name', 'role'],
            found.map((each) => [each.name, each.role]),
          ),
        )
    })
  token
    .command('remove')
    .description('let somebody in no longer')
    .argument('<name>')
    .option(...home)
    .action(async (name: string, options: { home: string }) => {
      const { removeToken } = await import('../server/principals.ts')
      removeToken(options.home, name)
      console.log(`${name} may do nothing any more.`)
    })
}
