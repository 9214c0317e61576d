import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['millwright-source'] },
  ssr: { resolve: { conditions: ['millwright-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // They install packages and take minutes: `npm run test:package`.
    exclude: [...configDefaults.exclude, ...(process.env.MILLWRIGHT_TEST_PACKAGE ? [] : ['test/package/**'])],
    setupFiles: ['test/seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Of tests of one file that may run side by side.
    maxConcurrency: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What comes is waited for, on a busy machine too; what does not come fails just the same.
    expect: { poll: { timeout: 20_000 } },
    reporters: process.env.MILLWRIGHT_CI ? ['default', './test/ci-reporter.ts'] : ['default'],
    // A stray log in a test is noise that hides the next real one.
    onConsoleLog: () => undefined,
  },
})
