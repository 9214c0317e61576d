/** Who a caller says it is, as events name it: `user:ada`; `trigger:…` and `system` are taken as they are. */
export const person = (actor: string): string => (actor.includes(':') || actor === 'system' ? actor : `user:${actor}`)
