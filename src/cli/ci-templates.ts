import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export const ciServers = ['github', 'gitlab'] as const
type CiServer = (typeof ciServers)[number]

const files: Record<CiServer, string> = { github: '.github/workflows/millwright.yml', gitlab: '.gitlab-ci.yml' }

/** The CI servers that the git remotes of a folder lead to. */
function serversOf(folder: string): CiServer[] {
  try {
    const remotes = execFileSync('git', ['remote', '-v'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return ciServers.filter((server) => remotes.includes(server))
  } catch {
    return []
  }
}

/**
 * Path below the project → content of the files that make a CI server run `millwright ci`.
 *
 * @param asked by name; without it, those that the remotes of the repository lead to.
 * @throws Error for a server without a template.
 */
export function ciFiles(folder: string, asked: string | undefined): Map<string, string> {
  const known = ciServers.find((server) => server === asked)
  if (asked !== undefined && !known)
    throw new Error(`there is no template for "${asked}": name ${ciServers.join(' or ')}`)
  const servers = known ? [known] : serversOf(folder)
  return new Map(
    servers.map((server) => [
      files[server],
      readFileSync(new URL(`../../templates/ci/${server}.yml`, import.meta.url), 'utf8'),
    ]),
  )
}
