const lookEveryMs = 1000

/** From the sources a command runs below `bin/millwright.mjs`; when that was killed, this process ends as if it had been asked to. */
export function endWithWrapper(): void {
  const wrapper = Number(process.env.MILLWRIGHT_WRAPPER)
  // What this process starts has another parent.
  delete process.env.MILLWRIGHT_WRAPPER
  if (!wrapper) return
  setInterval(() => {
    if (process.ppid !== wrapper) process.kill(process.pid, 'SIGTERM')
  }, lookEveryMs).unref()
}
