import { Icon, type IconName } from './icon.tsx'

/** An icon in the colour of what it means. */
export function Mark({ name }: { name: IconName }) {
  return (
    <span className={`mark mark-${name}`}>
      <Icon name={name} />
    </span>
  )
}
