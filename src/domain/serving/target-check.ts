import type { ModelDefinition, Requirements } from '../../contract/definition.ts'
import type { ModelVersionRecord, Verdict } from '../../contract/model.ts'
import type { Capabilities } from '../../contract/serving.ts'

const gate = 'fits the prediction service'
/** In memory, trees and weights take about this many times their bytes on disk, for lookups that are built from them. */
const timesOnDisk = 4
const runtimeMb = 64
/** Of a Python process with pandas and MLflow's client. */
const pythonMb = 300

/**
 * What a version needs: what its model states, and where nothing is stated, the memory that its file lets expect.
 *
 * @param fileBytes of the file that would be loaded.
 */
export function requirementsOf(
  version: Pick<ModelVersionRecord, 'modelHash' | 'onnxHash' | 'filesHash'>,
  model: Pick<ModelDefinition, 'requires'> | null,
  fileBytes: number,
): Requirements & { memoryMb: number } {
  const isFile = version.modelHash === null && version.onnxHash !== null
  const isPython = version.modelHash === null && version.onnxHash === null && version.filesHash !== null
  const estimate = Math.ceil((fileBytes * timesOnDisk) / 1e6) + (isFile ? runtimeMb : isPython ? pythonMb : 0)
  const stated = model?.requires ?? {}
  return {
    ...stated,
    packages: { ...(isFile ? { 'onnxruntime-node': '0' } : {}), ...stated.packages },
    memoryMb: stated.memoryMb ?? estimate,
  }
}

/** Whether one version of a package is at least another: numbers, part by part. */
function isAtLeast(version: string, least: string): boolean {
  const parts = (text: string): number[] => text.split(/[.+-]/).map((part) => Number.parseInt(part, 10) || 0)
  const [has, wanted] = [parts(version), parts(least)]
  for (const [place, number] of wanted.entries()) {
    const own = has[place] ?? 0
    if (own !== number) return own > number
  }
  return true
}

/** Holds what a version needs against what a prediction service has. @returns what it lacks, in words. */
function lacks({ packages = {}, memoryMb, cores, accelerator }: Requirements, has: Capabilities): string[] {
  const missing: string[] = []
  if (memoryMb !== undefined && memoryMb > has.freeMemoryMb)
    missing.push(`${memoryMb} MB of memory are needed, ${Math.floor(has.freeMemoryMb)} MB are free`)
  if (cores !== undefined && cores > has.cores) missing.push(`${cores} cores are needed, there are ${has.cores}`)
  if (accelerator !== undefined && !has.accelerators.includes(accelerator))
    missing.push(`the accelerator "${accelerator}" is needed, there is ${has.accelerators.join(', ') || 'none'}`)
  for (const [name, least] of Object.entries(packages)) {
    const version = has.packages[name]
    const wanted = least === '0' ? name : `${name} ${least}`
    if (version === undefined) missing.push(`the package ${wanted} is needed and not installed`)
    else if (!isAtLeast(version, least)) missing.push(`the package ${wanted} is needed, ${version} is installed`)
  }
  return missing
}

interface Target {
  address: string
  capabilities: Capabilities | null
}

/**
 * Whether every prediction service can take a version.
 *
 * @param isStated whether the model states itself what it needs: then a service that does not say what it has cannot take it.
 */
export function judgeTargets(needs: Requirements, isStated: boolean, targets: readonly Target[]): Verdict {
  const faults = targets.flatMap(({ address, capabilities }) => {
    if (!capabilities) return isStated ? [`${address} does not say what it has`] : []
    const missing = lacks(needs, capabilities)
    return missing.length > 0 ? [`${address}: ${missing.join('; ')}`] : []
  })
  const message =
    faults.length > 0
      ? faults.join('; ')
      : `${targets.length} prediction service${targets.length === 1 ? ' has' : 's have'} what it needs`
  return { gate, passed: faults.length === 0, message, segment: null, measured: null, bound: null }
}
