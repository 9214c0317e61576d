import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, freemem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Capabilities } from '../contract/serving.ts'

const always = ['onnxruntime-node']
/** Device files that are there when an accelerator's driver is. */
const devices: Record<string, string> = { '/dev/nvidiactl': 'cuda', '/dev/kfd': 'rocm' }

/** What this process has to offer to a model. Versions of packages are looked up once. */
export class OwnCapabilities {
  private readonly versions = new Map<string, string | null>()
  private readonly accelerators = Object.entries(devices).flatMap(([path, name]) => (existsSync(path) ? [name] : []))

  /** @param memoryMb the most that this process may take; null is all that the machine has. */
  constructor(private readonly memoryMb: number | null = null) {}

  /** @param asked packages that models in the plan ask for. */
  now(asked: Iterable<string>): Capabilities {
    const packages: Record<string, string> = {}
    for (const name of new Set([...always, ...asked])) {
      const version = this.versionOf(name)
      if (version !== null) packages[name] = version
    }
    return {
      freeMemoryMb: this.freeMemoryMb(),
      cores: availableParallelism(),
      packages,
      accelerators: this.accelerators,
    }
  }

  private freeMemoryMb(): number {
    // Of the container where there is one; older Nodes know only the machine.
    const free = (process.availableMemory?.() ?? freemem()) / 1e6
    return this.memoryMb === null ? free : Math.max(0, Math.min(free, this.memoryMb - process.memoryUsage().rss / 1e6))
  }

  private versionOf(name: string): string | null {
    const known = this.versions.get(name)
    if (known !== undefined) return known
    const version = installedVersion(name)
    this.versions.set(name, version)
    return version
  }
}

/** By its package.json, which a package need not let anybody import. */
function installedVersion(name: string): string | null {
  for (const from of [dirname(fileURLToPath(import.meta.url)), process.cwd()]) {
    for (let folder = from; ; folder = dirname(folder)) {
      const path = join(folder, 'node_modules', name, 'package.json')
      if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
      if (folder === dirname(folder)) break
    }
  }
  return null
}
