import { useState } from 'react'

/** A command to type, with a button that copies it. */
export function Command({ line }: { line: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(line)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <span className="command">
      <code>{line}</code>
      {/* The clipboard is there on secure addresses and on this machine only. */}
      {navigator.clipboard && (
        <button type="button" className="quiet" onClick={() => void copy()} aria-label={`Copy ${line}`}>
          {copied ? 'Copied' : 'Copy'}
        </button>
      )}
    </span>
  )
}
