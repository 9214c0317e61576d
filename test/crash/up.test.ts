import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeProject } from './project.ts'
import { System } from './system.ts'

test('`millwright up` starts again what is killed, however soon after its start, and leaves no process behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright up '))
  writeProject(join(folder, 'project'))
  const system = await System.start(folder)
  try {
    for (const target of ['prediction service', 'prediction service', 'control plane', 'control plane'] as const) {
      const { orphans } = await system.kill(target, system.aim(), null, () => {})
      expect(orphans).toEqual([])
    }
    expect(system.said().match(/was killed \(SIGKILL\); starting it again/g)).toHaveLength(4)
    expect(await system.stop()).toEqual([])
  } finally {
    system.end()
    rmSync(folder, { recursive: true, force: true })
  }
}, 240_000)
