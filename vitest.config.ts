import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['millwright-source'] },
  ssr: { resolve: { conditions: ['millwright-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A stray log in a test is noise that hides the next real one.
    onConsoleLog: () => undefined,
  },
})
