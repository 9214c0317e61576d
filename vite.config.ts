import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * The screens. `vite build` makes `dist/ui` of a release, and what a control plane started from a clone serves. To work on them, start a
 * control plane and then `npx vite`, which reloads as files change and passes the API on.
 */
export default defineConfig({
  root: at('./src/ui'),
  plugins: [react()],
  // Named, so that the first page does not wait for them to be found one by one.
  optimizeDeps: {
    include: [
      'react',
      'react-dom/client',
      'react/jsx-runtime',
      'react/jsx-dev-runtime',
      '@tanstack/react-query',
      '@tanstack/react-router',
      '@tanstack/react-table',
      '@tanstack/react-virtual',
      'uplot',
      '@dagrejs/dagre',
      '@stdlib/stats-base-dists-normal',
    ],
  },
  build: {
    outDir: at('./dist/ui'),
    emptyOutDir: true,
    target: 'es2022',
    // A data: address would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      // With its slash: a module of the screens may begin with the same letters.
      '^/api/': { target: process.env.MILLWRIGHT_ADDRESS ?? 'http://127.0.0.1:4300' },
    },
  },
})
