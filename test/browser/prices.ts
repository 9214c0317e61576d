import { type Definition, definitionSchema } from '../../src/contract/definition.ts'

/** A PNG of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const shell = (name: string, script: string, more: Record<string, unknown> = {}) => ({
  name,
  run: { kind: 'command', command: ['sh', '-c', script] },
  ...more,
})

/**
 * A project with one pipeline of commands that needs nothing but a shell: it talks while it runs, fans out, leaves a table, a picture and a
 * report, fails when it is told to, and has a step that only some runs come to.
 */
export function pricesDefinition(): Definition {
  return definitionSchema.parse({
    name: 'prices',
    pipelines: [
      {
        name: 'prices',
        params: { lines: 3, factor: 1.5, publish: false, note: 'by hand', shops: ['north', 'south'] },
        concurrency: { limit: 2 },
        steps: [
          shell(
            'fetch',
            `printf 'shop,price\\nnorth,12.5\\nsouth,9\\n' > "$MILLWRIGHT_ARTIFACTS/rows.csv"
             echo '{"fetched": 2, "from": {"shop": "north"}}' > "$MILLWRIGHT_ARTIFACTS/report.json"
             echo ${pixel} | base64 -d > "$MILLWRIGHT_ARTIFACTS/price.png"
             echo fetched 2 rows; echo '{"rows": 2}' > "$MILLWRIGHT_OUTPUT"`,
            { reads: [] },
          ),
          shell('talk', 'i=0; while [ $i -lt {params.lines} ]; do echo line $i; i=$((i+1)); sleep 0.1; done', {
            needs: ['fetch'],
            reads: ['lines', 'note'],
          }),
          shell('shop', 'echo looking at {element}', { needs: ['fetch'], forEach: 'params.shops', takes: [] }),
          shell(
            'check',
            'echo checking prices; if [ {params.factor} = 0 ]; then echo "a factor of 0 makes every price 0" >&2; exit 3; fi',
            { needs: ['talk', 'shop'], reads: ['factor'] },
          ),
          shell('publish', 'echo published', {
            needs: ['check'],
            when: { value: 'params.publish', is: 'equal', to: true },
            sideEffects: true,
          }),
        ],
      },
    ],
    triggers: [{ name: 'nightly', pipeline: 'prices', on: { kind: 'schedule', cron: '0 3 * * *' } }],
  })
}
