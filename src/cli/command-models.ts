import { readFile } from 'node:fs/promises'
import { parse } from 'node:path'
import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import { actor, connect, defaultServer } from './connection.ts'
import { ago, bold, dim, green, red, table } from './output.ts'

const server = ['--server <address>', 'the control plane', defaultServer] as const

export function modelCommands(program: Command): void {
  program
    .command('models')
    .description('models with their versions; with a name, the versions of one')
    .argument('[model]')
    .option(...server)
    .action(async (model: string | undefined, options: { server: string }) => {
      const client = connect(options)
      if (model) {
        const { versions, aliases } = await client.modelVersions({ params: { model } })
        if (versions.length === 0) console.log(`Model ${model} has no version yet.`)
        for (const version of versions) {
          const names = aliases.filter((alias) => alias.version === version.id).map((alias) => alias.alias)
          console.log(
            `${bold(version.id)} ${version.state === 'registered' ? green(version.state) : red(version.state)} ${names.join(', ')} ${dim(`${version.madeBy}, ${ago(version.recordedAt)}, data ${version.datasetVersion ?? 'unknown'}`)}`,
          )
          for (const verdict of version.verdicts)
            console.log(`  ${verdict.passed ? green('✓') : red('✗')} ${verdict.gate}: ${dim(verdict.message)}`)
        }
        return
      }
      const { models } = await client.models()
      if (models.length === 0)
        console.log('No models yet. State one in millwright.config.ts, or add a file with `millwright add model.onnx`.')
      else
        console.log(
          table(
            ['model', 'versions', 'newest', 'aliases', 'objective'],
            models.map((each) => [
              each.name,
              String(each.versions),
              each.newest?.id ?? '',
              each.aliases.map((alias) => `${alias.alias} = ${alias.version}`).join(', '),
              each.brief?.objective ?? '',
            ]),
          ),
        )
    })

  program
    .command('add')
    .description('register a model file (ONNX) as it is; it gets an endpoint and monitors of its own')
    .argument('<file>')
    .option('--name <model>', 'name of the model; the file name where nothing is said')
    .option('--no-deploy', 'register only')
    .option(...server)
    .action(async (file: string, options: { name?: string; deploy: boolean; server: string }) => {
      const model = options.name ?? parse(file).name
      const call = {
        params: { model },
        query: { actor: actor(), deploy: String(options.deploy) },
        body: await readFile(file),
      }
      const { version, isNew, endpoint } = await connect(options).addModelFile(call)
      console.log(
        `${bold(version.id)} ${isNew ? 'is registered' : 'is this file already'}${endpoint ? ` and answers at POST /v2/models/${endpoint}/infer of the prediction service` : ''}.`,
      )
      const shown = version.signature.request.map(
        ({ name, datatype, shape }) => `${name} (${datatype}${shape ? ` [${shape.join(', ')}]` : ''})`,
      )
      console.log(dim(`It takes ${shown.join(', ')}.`))
    })

  program
    .command('alias')
    .description('point an alias of a model at a version; with --remove, take it away')
    .argument('<model>')
    .argument('<alias>')
    .argument('[version]', 'number, id or another alias')
    .option('--remove', 'take the alias away')
    .option('--reason <text>', 'why', 'by hand')
    .option(...server)
    .action(
      async (
        model: string,
        alias: string,
        version: string | undefined,
        options: { remove?: boolean; reason: string; server: string },
      ) => {
        const client = connect(options)
        const said = { actor: actor(), reason: options.reason }
        if ((options.remove === true) === (version !== undefined))
          throw new MillwrightError('invalid-request', 'say the version that the alias is to name, or --remove', {
            field: 'version',
          })
        if (version === undefined) {
          const { removed } = await client.removeAlias({ params: { model, alias }, body: said })
          console.log(
            removed ? `${bold(alias)} of ${model} names nothing any more.` : `${model} has no alias ${alias}.`,
          )
          return
        }
        const { version: id } = await client.setAlias({ params: { model, alias }, body: { ...said, version } })
        console.log(`${bold(alias)} of ${model} names ${bold(id)}.`)
      },
    )

  program
    .command('deploy')
    .description("roll a version out, by the endpoint's steps")
    .argument('<endpoint>')
    .argument('<version>', 'number, id or alias')
    .option('--model <name>', 'of an endpoint that is not there yet, where its name is not the model’s')
    .option(...server)
    .action(async (endpoint: string, version: string, options: { server: string; model?: string }) => {
      const deployment = await connect(options).deploy({
        params: { endpoint },
        body: { version, actor: actor(), ...(options.model ? { model: options.model } : {}) },
      })
      console.log(`${bold(deployment.version)} takes ${deployment.share * 100} % of the traffic of ${endpoint}.`)
    })
}
