export interface SavedView {
  name: string
  /** The search part of the address, as the router has it. */
  search: Record<string, unknown>
}

const keyOf = (path: string): string => `millwright:views:${path}`

/** Views of the screen at this address, the one that was kept last behind the others. */
export function readViews(path: string, storage: Pick<Storage, 'getItem'> = localStorage): SavedView[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(keyOf(path)) ?? '[]')
    return Array.isArray(kept)
      ? ((kept as (SavedView | null)[]).filter(
          (view) => view !== null && typeof view.name === 'string' && view.name !== '' && isSearch(view.search),
        ) as SavedView[])
      : []
  } catch {
    // Somebody else's text, or a browser that keeps nothing: there are no views then.
    return []
  }
}

const isSearch = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

export function writeViews(
  path: string,
  views: readonly SavedView[],
  storage: Pick<Storage, 'setItem'> = localStorage,
): void {
  storage.setItem(keyOf(path), JSON.stringify(views))
}

/** @returns the views with this one under its name, in place of another of that name. */
export const withView = (views: readonly SavedView[], view: SavedView): SavedView[] => [
  ...views.filter(({ name }) => name !== view.name),
  view,
]
