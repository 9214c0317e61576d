import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent } from '@tanstack/react-router'
import { Shell } from './components/shell.tsx'
import { ErrorState } from './components/states.tsx'
import { Overview } from './overview/overview.tsx'

function NotFound() {
  return (
    <div className="error">
      <p>There is no screen at this address.</p>
      <Link to="/" search={{}}>
        Go to the overview
      </Link>
    </div>
  )
}

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: ({ error, reset }) => (
    <ErrorState error={error instanceof Error ? error : new Error(String(error))} retry={reset} />
  ),
})

/** All that the overview lets one choose, so that a link holds it. */
interface OverviewSearch {
  stage?: string | undefined
  subject?: string | undefined
  endpoint?: string | undefined
  metric?: string | undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: Overview,
  validateSearch: (given: Record<string, unknown>): OverviewSearch => ({
    stage: text(given.stage),
    subject: text(given.subject),
    endpoint: text(given.endpoint),
    metric: text(given.metric),
  }),
})

const delivery = createRoute({
  getParentRoute: () => root,
  path: '/delivery',
  // Read when it is asked for: the first page stays small.
  component: lazyRouteComponent(() => import('./delivery/delivery.tsx'), 'Delivery'),
})

export const router = createRouter({
  routeTree: root.addChildren([overview, delivery]),
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
