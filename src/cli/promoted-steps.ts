import type { Json } from '../contract/pipeline.ts'

/** What promote_notebook.py says of a notebook. */
export type Promotion =
  | { refusals: [string, ...string[]] }
  | {
      refusals: []
      notes: string[]
      /** The sentence by which its files are known. */
      mark: string
      files: Record<string, string>
      params: Record<string, Json>
      steps: PromotedStep[]
    }

interface PromotedStep {
  name: string
  file: string
  needs: string[]
  /** The parameters that it takes; null where its cells look at them by themselves. */
  reads: string[] | null
  /** Its cells read the outputs of steps that are no part of the notebook. */
  readsInputs: boolean
}

export interface PromotedPlace {
  /** As the definition would name it. */
  notebook: string
  /** The folder of the modules, relative to the project. */
  folder: string
  /** Relative to the project; null where there is none. */
  lock: string | null
}

const quoted = (text: string): string =>
  text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
const camel = (name: string): string => name.replace(/[-_]+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase())
const reserved =
  /^(needs|code|python|command|import|export|default|new|delete|return|switch|case|class|function|const|let|var|if|else|for|while|do|in|of|try|catch|finally|throw|typeof|void|with|yield|await|static|enum|this|null|true|false|super|extends|params|steps)$/
const variable = (name: string): string => (reserved.test(camel(name)) ? `${camel(name)}Step` : camel(name))

function literal(value: Json): string {
  if (typeof value === 'string') return quoted(value)
  return Array.isArray(value) ? `[${value.map(literal).join(', ')}]` : JSON.stringify(value)
}

/** An object, on one line where it fits. */
function list(before: string, items: readonly string[], after = ''): string[] {
  const line = items.length === 0 ? `${before}{}${after}` : `${before}{ ${items.join(', ')} }${after}`
  const margin = /^ */.exec(before)![0]
  return line.length <= 120
    ? [line]
    : [`${before}{`, ...items.map((item) => `${margin}  ${item},`), `${margin}}${after}`]
}

/** The part of a definition that runs promoted steps. */
export function stepsModule(
  { files, params, steps, mark }: Extract<Promotion, { refusals: [] }>,
  { notebook, folder, lock }: PromotedPlace,
): string {
  const shared = Object.keys(files)
    .filter((name) => !steps.some(({ file }) => file === name))
    .map((name) => quoted(`${folder}/${name}`))
  const names = new Map(steps.map(({ name }) => [name, variable(name)]))
  const program = lock === null ? 'python3' : 'python'
  const options = [`code: [${shared.join(', ')}]`, ...(lock === null ? [] : [`python: { lock: ${quoted(lock)} }`])]
  const lines = [
    `/** The steps of ${notebook}. ${mark} */`,
    "import { command } from 'millwright'",
    '',
    '/** Defaults of its parameters, for the pipeline that runs the steps. */',
    ...list(
      'export const params = ',
      Object.entries(params).map(([name, value]) => `${name}: ${literal(value)}`),
    ),
    '',
    ...list('const options = ', options),
    `const line = (file: string) => ['${program}', \`${folder}/\${file}\`]`,
    '',
    '/** @param needs steps of the pipeline that the first cells come after, and whose outputs cells may read. */',
    'export function steps(needs: Parameters<typeof command>[1] = []) {',
  ]
  for (const { name, file, needs, reads, readsInputs } of steps) {
    const after = needs.map((need) => names.get(need)!)
    const outer = needs.length === 0 ? 'needs' : `[${[...(readsInputs ? ['...needs'] : []), ...after].join(', ')}]`
    const start = `  const ${names.get(name)} = command(${quoted(name)}, ${outer}, line(${quoted(file)}), `
    if (reads === null) lines.push(`${start}options)`)
    else lines.push(...list(start, ['...options', `reads: [${reads.map(quoted).join(', ')}]`], ')'))
  }
  lines.push(...list('  return ', [...names.values()]), '}')
  return `${lines.join('\n')}\n`
}
