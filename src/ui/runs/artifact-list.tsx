import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Artifact } from '../../contract/run.ts'
import { addressFor } from '../api.ts'
import { ArtifactPreview } from '../components/artifact-preview.tsx'
import { Hash } from '../components/ref.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { bytes } from '../format.ts'
import { reading } from '../queries.ts'

function PreviewOf({ artifact }: { artifact: Artifact }) {
  const { data, error, refetch } = useQuery({
    ...reading('artifactPreview', { params: { hash: artifact.hash }, query: { name: artifact.name } }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Loading what={artifact.name} />
  return <ArtifactPreview preview={data} name={artifact.name} />
}

/** Artifacts by name, each with what it looks like and as a file. */
export function ArtifactList({ artifacts }: { artifacts: readonly Artifact[] }) {
  const [open, setOpen] = useState<string | null>(null)
  if (artifacts.length === 0) return <p className="muted">It left no artifacts.</p>
  return (
    <ul className="artifacts">
      {artifacts.map((artifact) => {
        const { name, type, hash, size } = artifact
        const isOpen = open === name
        return (
          <li key={name}>
            <p>
              <button type="button" aria-expanded={isOpen} onClick={() => setOpen(isOpen ? null : name)}>
                {isOpen ? 'Hide' : 'Show'}
              </button>
              <strong>{name}</strong>
              <span className="muted">
                {type}, {bytes(size)}
              </span>
              <Hash value={hash} />
              <a href={addressFor('artifact', { params: { hash } })} download={name}>
                Save
              </a>
            </p>
            {isOpen && <PreviewOf artifact={artifact} />}
          </li>
        )
      })}
    </ul>
  )
}
