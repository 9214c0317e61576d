import { useQuery } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { useEffect } from 'react'
import { type ProjectTime, useProjectTime } from '../clock.ts'
import { type LiveState, useLive } from '../live.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import { Command } from './command.tsx'
import { Icon } from './icon.tsx'

const connections = {
  connecting: { icon: 'working', word: 'Connecting' },
  live: { icon: 'good', word: 'Live' },
  offline: { icon: 'offline', word: 'Offline' },
} as const

function Clock({ time }: { time: ProjectTime | null }) {
  return (
    <span
      className="clock"
      title={time?.mode === 'replay' ? 'Project time: history is being replayed' : 'Project time'}
    >
      <span className={`mode mode-${time?.mode ?? 'unknown'}`}>
        {time === null ? '–' : time.mode === 'replay' ? 'Replay' : 'Live clock'}
      </span>
      <time className="numbers">{time ? `${absoluteTime(time.now)} UTC` : '–'}</time>
    </span>
  )
}

function OfflineBanner({ heardAt }: Pick<LiveState, 'heardAt'>) {
  return (
    <div className="banner" role="alert">
      <Icon name="offline" />
      <p>
        The control plane does not answer.{' '}
        {heardAt === null ? 'Nothing has been read yet' : `What you see is as of ${absoluteTime(heardAt)} UTC`}; this
        page tries again by itself.
      </p>
      <Command line="npx millwright up" />
    </div>
  )
}

/** What is around every screen: the project, its time, whether news arrives, and the way to the other screens. */
export function Shell() {
  const { connection, heardAt } = useLive()
  const { data: project } = useQuery(reading('project'))
  const time = useProjectTime()
  const name = project?.name ?? null
  useEffect(() => {
    document.title = name ? `${name} · Millwright` : 'Millwright'
  }, [name])
  const { icon, word } = connections[connection]
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="shell">
        <Link to="/" search={{}} className="brand">
          <img src="/icon.svg" alt="" width="20" height="20" />
          <span className="project">{name ?? 'Millwright'}</span>
        </Link>
        <nav aria-label="Screens">
          <Link to="/" search={{}} activeProps={{ 'aria-current': 'page' }}>
            Overview
          </Link>
          <Link to="/delivery" activeProps={{ 'aria-current': 'page' }}>
            Delivery
          </Link>
        </nav>
        <Clock time={time} />
        <span className={`connection connection-${connection}`} role="status">
          <Icon name={icon} />
          {word}
        </span>
      </header>
      {connection === 'offline' && <OfflineBanner heardAt={heardAt} />}
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  )
}
