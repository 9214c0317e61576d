import type { Command } from 'commander'
import type { LineageGraph } from '../contract/lineage.ts'
import { connect, defaultServer } from './connection.ts'
import { ago, bold, dim, table } from './output.ts'

type Client = ReturnType<typeof connect>

/** Names are as scripts gave them: nothing of them moves the cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')

/** Every node with what it was made from, in an order in which that stands before it. */
function shown({ nodes, edges }: LineageGraph): string {
  const titles = new Map(nodes.map(({ id, title }) => [id, title]))
  return table(
    ['what', 'name', 'about', 'made from'],
    nodes.map(({ id, kind, title, detail }) =>
      [kind, title, detail, edges.flatMap(({ from, to }) => (to === id ? [titles.get(from)!] : [])).join(', ')].map(
        plain,
      ),
    ),
  )
}

async function ofPrediction(client: Client, id: string): Promise<void> {
  const { graph, rollout, approvals, gates, madeBy } = await client.lineage({ params: { id }, query: {} })
  console.log(shown(graph))
  const passed = gates.filter((gate) => gate.passed).length
  const approved = approvals.map(({ by, role, at }) => `${by} (${role}), ${ago(at)}`)
  const facts = [
    ['version', madeBy === null ? 'no longer kept' : `made or registered by ${madeBy}`],
    ['rolled out', rollout ? `by ${rollout.startedBy}: ${rollout.reason}` : 'not known by whom'],
    ['approved', approved.length === 0 ? 'nobody had to, or did' : `by ${approved.join(', ')}`],
    ['gates', gates.length === 0 ? 'none' : `${passed} of ${gates.length} passed`],
  ] as const
  console.log(facts.map(([name, said]) => `${dim(name.padEnd(10))} ${bold(said)}`).join('\n'))
}

/** What made a prediction or a version of a model. */
export function lineageCommand(program: Command): void {
  program
    .command('lineage')
    .description(
      'which data, code and runs made a prediction, and who rolled it out and approved it; or the same of a version',
    )
    .argument('<of>', 'id of a prediction, or model@version: a number or an alias')
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (of: string, options: { server: string }) => {
      const client = connect(options)
      const [, model, version] = /^(.+)@([^@]+)$/s.exec(of) ?? []
      if (model === undefined || version === undefined) await ofPrediction(client, of)
      else console.log(shown(await client.versionLineage({ params: { model, version } })))
    })
}
