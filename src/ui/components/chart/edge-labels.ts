import { figure } from '../../format.ts'

/** Labels of bins between edges, with one below and one above. */
export const edgeLabels = (edges: readonly number[]): string[] => [
  `< ${figure(edges[0])}`,
  ...edges.slice(1).map((edge, place) => `${figure(edges[place])} to ${figure(edge)}`),
  `> ${figure(edges.at(-1))}`,
]
