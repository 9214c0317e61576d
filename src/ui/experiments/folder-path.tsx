import { Link } from '@tanstack/react-router'
import { entryOf } from '../../contract/search/experiment-folders.ts'

/** The folders that lead to one, with the one itself. */
export function foldersTo(folder: string | null): { name: string; path: string }[] {
  const found: { name: string; path: string }[] = []
  let prefix = ''
  while (folder !== null && prefix.length < folder.length) {
    const { name } = entryOf(`${folder}/.`, prefix)
    found.push({ name, path: prefix + name })
    prefix += `${name}/`
  }
  return found
}

/** Where one is, with a way to each folder above. */
export function FolderPath({ folder }: { folder: string }) {
  const folders = foldersTo(folder)
  return (
    <nav aria-label="Folder" className="folder-path">
      <Link to="/experiments" search={{}}>
        All
      </Link>
      {folders.map(({ name, path }) => (
        <span key={path}>
          <span className="muted"> / </span>
          {path === folder ? (
            <b aria-current="page">{name}</b>
          ) : (
            <Link to="/experiments" search={{ folder: path }}>
              {name}
            </Link>
          )}
        </span>
      ))}
    </nav>
  )
}
