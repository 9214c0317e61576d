import { createHash } from 'node:crypto'
import type { Route } from '../../contract/route.ts'
import { routes } from '../../contract/routes.ts'

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)

const style =
  ':root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .8rem .3rem 0;vertical-align:top;border-bottom:1px solid #8884}code{font-size:13px}'

/** What the page may do: show itself, in its own style. */
export const apiPagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The contract as a page for people: every operation, by group, without a script. */
export function apiPage(version: string): string {
  const groups = new Map<string, string[]>()
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    const rows = groups.get(route.group) ?? []
    rows.push(
      `<tr><td><b>${route.method}</b></td><td><code>${escaped(route.path)}</code></td><td>${escaped(route.summary)}</td><td><code>${name}</code></td></tr>`,
    )
    groups.set(route.group, rows)
  }
  const sections = [...groups].map(
    ([group, rows]) =>
      `<h2>${group}</h2><table><tr><th></th><th>path</th><th>what it does</th><th>in the client</th></tr>${rows.join('')}</table>`,
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Millwright API</title>
<style>${style}</style></head>
<body><h1>Millwright API <small>${escaped(version)}</small></h1><p>Every operation of the control plane. Schemas of all bodies and answers: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).
Errors are <code>{"error": {"code", "message", "field?", "hint?"}}</code>. Predictions are asked of the prediction service, by the Open Inference Protocol.</p>${sections.join('')}</body></html>`
}
