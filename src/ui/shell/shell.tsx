import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useState } from 'react'
import { ApiError } from '../api.ts'
import { type ProjectTime, useProjectTime } from '../clock.ts'
import { Command } from '../components/command.tsx'
import { Dialog } from '../components/dialog.tsx'
import { Icon } from '../components/icon.tsx'
import { Notices } from '../components/notices.tsx'
import { useNarrow } from '../components/use-narrow.ts'
import { type LiveState, useLive } from '../live.ts'
import { reading } from '../queries.ts'
import { Who } from '../session/who.tsx'
import { absoluteTime } from '../time.ts'
import { screens } from './screens.ts'
import { useShortcuts } from './shortcuts.ts'
import { Sidebar } from './sidebar.tsx'

const loadPalette = () => import('./palette.tsx').then(({ Palette }) => ({ default: Palette }))
const Palette = lazy(loadPalette)
const Keys = lazy(() => import('./keys.tsx').then(({ Keys: shown }) => ({ default: shown })))

const connections = {
  connecting: { icon: 'working', word: 'Connecting' },
  live: { icon: 'good', word: 'Live' },
  offline: { icon: 'offline', word: 'Offline' },
  'signed-out': { icon: 'warning', word: 'Signed out' },
} as const

function Clock({ time }: { time: ProjectTime | null }) {
  return (
    <span
      className="clock"
      title={time?.mode === 'replay' ? 'Project time, UTC: history is being replayed' : 'Project time, UTC'}
    >
      <span className={`mode mode-${time?.mode ?? 'unknown'}`}>
        {time === null ? '–' : time.mode === 'replay' ? 'Replay' : 'Live clock'}
      </span>
      <time className="numbers">{time ? absoluteTime(time.now) : '–'}</time>
    </span>
  )
}

function Connection() {
  const { connection } = useLive()
  const { icon, word } = connections[connection]
  return (
    <span className={`connection connection-${connection}`} role="status">
      <Icon name={icon} />
      {word}
    </span>
  )
}

function OfflineBanner({ trouble, heardAt }: LiveState) {
  return (
    <div className="banner" role="alert">
      <Icon name="offline" />
      <p>
        {trouble?.message}{' '}
        {heardAt === null ? 'Nothing has been read yet' : `What you see is as of ${absoluteTime(heardAt)} UTC`}; this
        page tries again by itself.
      </p>
      {trouble instanceof ApiError && trouble.code === 'unavailable' && <Command line="npx millwright up" />}
    </div>
  )
}

function SignedOutBanner() {
  return (
    <div className="banner" role="alert">
      <Icon name="warning" />
      <p>This control plane shows nothing to those it does not know: sign in.</p>
    </div>
  )
}

/** Where one is: the screen whose address this is, or begins with. */
function useScreenTitle(): string {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  return screens.findLast((screen) => path === screen.path || path.startsWith(`${screen.path}/`))?.title ?? ''
}

/** What is around every screen: the project, its time, whether news arrives, and the way to the other screens. */
export function Shell() {
  const live = useLive()
  const { data: project } = useQuery(reading('project'))
  const time = useProjectTime()
  const isNarrow = useNarrow()
  const [open, setOpen] = useState<'palette' | 'keys' | 'screens' | null>(null)
  const find = useCallback(() => setOpen('palette'), [])
  const help = useCallback(() => setOpen('keys'), [])
  const close = useCallback(() => setOpen(null), [])
  useShortcuts({ find, help })
  useEffect(() => {
    // Not with the first page, and there before the first key is typed into it.
    const timer = setTimeout(() => void loadPalette(), 1000)
    return () => clearTimeout(timer)
  }, [])
  const name = project?.name ?? null
  const screen = useScreenTitle()
  useEffect(() => {
    document.title = [screen, name, 'Millwright'].filter(Boolean).join(' · ')
  }, [name, screen])
  const brand = (
    <Link to="/" search={{}} className="brand">
      <img src="/icon.svg" alt="" width="20" height="20" />
      <span className="project">{name ?? 'Millwright'}</span>
    </Link>
  )
  const finder = (
    <button type="button" className="finder" onClick={find} title="Find anything, do anything (Ctrl K)">
      Find… <kbd>Ctrl K</kbd>
    </button>
  )
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      {isNarrow ? (
        <header className="topbar">
          <button type="button" className="quiet" aria-label="Screens" onClick={() => setOpen('screens')}>
            ☰
          </button>
          {brand}
          <Connection />
          <button type="button" className="quiet" aria-label="Find" onClick={find}>
            ⌕
          </button>
        </header>
      ) : (
        <header className="sidebar">
          {brand}
          {finder}
          <Sidebar />
          <footer>
            <Who />
            <Clock time={time} />
            <Connection />
          </footer>
        </header>
      )}
      <div className="content">
        {live.connection === 'offline' && <OfflineBanner {...live} />}
        {live.connection === 'signed-out' && <SignedOutBanner />}
        <main id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <Notices />
      {open === 'palette' && (
        <Suspense>
          <Palette onClose={close} onKeys={help} />
        </Suspense>
      )}
      {open === 'keys' && (
        <Suspense>
          <Keys onClose={close} />
        </Suspense>
      )}
      {open === 'screens' && (
        <Dialog title={name ?? 'Millwright'} onClose={close} className="drawer" isLight>
          <Sidebar onGo={close} />
          <footer>
            <Who />
            <Clock time={time} />
          </footer>
        </Dialog>
      )}
    </div>
  )
}
