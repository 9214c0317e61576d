import { Icon } from '../components/icon.tsx'

/** An icon in the colour of what it means. */
export function Mark({ name }: { name: 'good' | 'warning' | 'bad' | 'working' | 'offline' }) {
  return (
    <span className={`mark mark-${name}`}>
      <Icon name={name} />
    </span>
  )
}
