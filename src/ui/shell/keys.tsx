import { Dialog } from '../components/dialog.tsx'
import { screens } from './screens.ts'

/** Keys that work on every screen; what is typed into a field, or before a dialog, is left alone. */
const shortcuts = [
  { keys: 'Ctrl K', does: 'Find anything, do anything' },
  { keys: '/', does: 'Filter the table' },
  { keys: 'j k ↑ ↓', does: 'Row by row; Enter opens it' },
  { keys: '?', does: 'This list' },
  ...screens.map(({ key, title }) => ({ keys: `g ${key}`, does: `Go to ${title}` })),
]

/** All keys, in a list. */
export function Keys({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose} isLight>
      <dl className="keys">
        {shortcuts.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
