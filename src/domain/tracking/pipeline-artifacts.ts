import type { RecordReader } from '../../ports/metadata.ts'
import type { EntryMark, TrackedEntry, TrackedFile } from '../../ports/tracked-files.ts'
import { parsePipelineRunId } from './pipeline-run-id.ts'

/** What a step of a pipeline left, as files of its run; null for a root of something else. */
export async function filesOfStep(records: RecordReader, root: string): Promise<TrackedFile[] | null> {
  const parsed = parsePipelineRunId(root.split('/')[1] ?? '')
  if (!parsed) return null
  const { runId, step } = parsed
  const record = step === null ? undefined : await records.get('step', `${runId}/${step}`)
  return (record?.artifacts ?? []).map(({ name, hash, size }) => ({ path: name, hash, size, at: record?.endedAt ?? 0 }))
}

const markText = ({ name, isFolder }: EntryMark): Buffer => Buffer.from(isFolder ? `${name}/` : name)

/** One level of files, as the store lists it. */
export function levelOf(
  files: readonly TrackedFile[],
  folder: string,
  { after, limit }: { after?: EntryMark | undefined; limit: number },
): TrackedEntry[] {
  const below = folder === '' ? '' : `${folder}/`
  const entries = new Map<string, TrackedEntry>()
  for (const { path, size } of files) {
    if (!path.startsWith(below)) continue
    const [name = '', ...rest] = path.slice(below.length).split('/')
    const isFolder = rest.length > 0
    entries.set(`${name}${isFolder ? '/' : ''}`, { name, isFolder, size: isFolder ? null : size })
  }
  return [...entries.values()]
    .filter((entry) => !after || Buffer.compare(markText(entry), markText(after)) > 0)
    .sort((a, b) => Buffer.compare(markText(a), markText(b)))
    .slice(0, limit)
}
