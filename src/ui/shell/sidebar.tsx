import { Link } from '@tanstack/react-router'
import { screens } from './screens.ts'

const groups = [...new Set(screens.map(({ group }) => group))]

/** The way to every screen. */
export function Sidebar({ onGo }: { onGo?: () => void }) {
  return (
    <nav aria-label="Screens" className="screens">
      {groups.map((group) => (
        <section key={group} aria-label={group || 'Start'}>
          {group && <h2>{group}</h2>}
          <ul>
            {screens
              .filter((screen) => screen.group === group)
              .map(({ path, title, says, key }) => (
                <li key={path}>
                  <Link
                    to={path}
                    search={{}}
                    title={`${says} (g ${key})`}
                    activeOptions={{ exact: path === '/', includeSearch: false }}
                    activeProps={{ 'aria-current': 'page' }}
                    {...(onGo ? { onClick: onGo } : {})}
                  >
                    {title}
                  </Link>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </nav>
  )
}
