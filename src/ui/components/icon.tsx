/** Shapes that tell levels and states apart without their colour. */
const paths = {
  idle: <circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="2.6 2.6" />,
  working: (
    <path
      d="M8 2.75a5.25 5.25 0 1 1-5.25 5.25"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
    />
  ),
  info: (
    <>
      <circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M8 7.5v3M8 5.2v.2" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
    </>
  ),
  good: (
    <>
      <circle cx="8" cy="8" r="6.5" fill="currentColor" />
      <path
        d="m5.2 8.2 2 2 3.6-4.2"
        fill="none"
        stroke="var(--surface)"
        strokeWidth="1.7"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </>
  ),
  warning: (
    <>
      <path d="M8 1.8 15 14H1z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" />
      <path d="M8 6v4M8 12v.2" stroke="var(--surface)" strokeWidth="1.6" strokeLinecap="round" />
    </>
  ),
  bad: (
    <>
      <path d="M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5z" fill="currentColor" />
      <path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" stroke="var(--surface)" strokeWidth="1.7" strokeLinecap="round" />
    </>
  ),
  reused: (
    <path
      d="M3 8a5 5 0 0 1 8.6-3.5L13.5 6M13.5 2.5V6H10M13 8a5 5 0 0 1-8.6 3.5L2.5 10M2.5 13.500V10H6"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
  ),
  skipped: <path d="M3 8h10M10 5l3 3-3 3" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />,
  stopped: <rect x="3" y="3" width="10" height="10" rx="1.5" fill="currentColor" />,
  blocked: (
    <path
      d="M8 2.750a5.250 5.250 0 1 1 0 10.500a5.250 5.250 0 1 1 0-10.500M4.400 4.400l7.200 7.200"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
    />
  ),
  offline: (
    <path
      d="M8 13v-.2M5.6 10.2a3.6 3.6 0 0 1 4.8 0M2 2l12 12M3 7.3A7 7 0 0 1 6 5.6m4-.2a7 7 0 0 1 3 1.9"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
    />
  ),
} as const
export type IconName = keyof typeof paths

/** Decoration beside a word that says the same. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
      {paths[name]}
    </svg>
  )
}
