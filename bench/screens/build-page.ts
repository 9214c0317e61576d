import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { build } from 'vite'

/** Builds the page with a large table and a long chart, of the components of the screens as they are. */
export async function buildPage(folder: string): Promise<void> {
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production'
  await build({
    configFile: false,
    root: fileURLToPath(new URL('./page', import.meta.url)),
    plugins: [react()],
    logLevel: 'silent',
    build: { outDir: folder, emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false } },
  })
  process.env.NODE_ENV = NODE_ENV
}
