/** The module at a path without its ending: `.ts` when `from` runs from the sources, `.js` from a build. */
export const moduleUrl = (path: string, from: string): URL =>
  new URL(`${path}${from.endsWith('.ts') ? '.ts' : '.js'}`, from)
