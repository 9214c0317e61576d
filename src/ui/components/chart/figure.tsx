import type { ReactNode } from 'react'
import { Panel } from '../panel.tsx'

/** A picture as files. Each is made when it is asked for. */
export interface PictureFiles {
  csv: () => string
  svg: () => string | Promise<string>
}

const fileName = (title: string): string => title.toLowerCase().replace(/[^a-z0-9]+/g, '-')

/** A panel with a picture: its title, one sentence that says what it shows, and the picture as a file. */
export function Figure({
  title,
  says,
  files,
  actions,
  className = '',
  children,
}: {
  title: string
  says: string
  /** Null while there is nothing to draw. */
  files: PictureFiles | null
  actions?: ReactNode
  className?: string
  children: ReactNode
}) {
  const name = fileName(title)
  const save = async (as: 'csv' | 'svg' | 'png'): Promise<void> => {
    // Read when somebody asks for it: the first page stays small.
    const { savePicture } = await import('./save-picture.ts')
    await savePicture(name, as, files!)
  }
  return (
    <Panel
      title={title}
      says={says}
      className={`chart ${className}`}
      actions={
        <div className="actions">
          {actions}
          {files === null ? (
            // Its room is kept, so that nothing moves when the figures come.
            <button type="button" disabled>
              Save
            </button>
          ) : (
            <details className="menu">
              <summary>Save</summary>
              <div>
                <button type="button" onClick={() => void save('csv')}>
                  CSV
                </button>
                <button type="button" onClick={() => void save('png')}>
                  PNG
                </button>
                <button type="button" onClick={() => void save('svg')}>
                  SVG
                </button>
              </div>
            </details>
          )}
        </div>
      }
    >
      {children}
    </Panel>
  )
}
