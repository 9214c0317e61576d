import { MillwrightError } from '../../base/errors.ts'
import { ownTagPrefix, type RegistryTag, registryLimits } from '../../contract/registry.ts'
import { checkKey, checkLength } from '../tracking/names.ts'

const invalid = (field: string, message: string, hint?: string): MillwrightError =>
  new MillwrightError('invalid-request', message, { field, ...(hint === undefined ? {} : { hint }) })

/** @throws `invalid-request` for what no address of a model (`models:/name/1`) could hold. */
export function checkModelName(name: string, field = 'name'): void {
  if (name.trim() === '') throw invalid(field, 'a registered model needs a name')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[/:\u0000-\u001f\u007f]|\p{Surrogate}/u.test(name) || name === '.' || name === '..')
    throw invalid(
      field,
      `Invalid model name ${JSON.stringify(name.slice(0, 300))}: it has no '/', ':' or control character, and is not '.' or '..'`,
    )
  checkLength(name, registryLimits.modelName, field)
}

/** @throws `invalid-request` for a name by which nobody could ask for a version. */
export function checkAliasName(alias: string): void {
  if (!/^[\p{L}\p{N}_-]+$/u.test(alias))
    throw invalid(
      'alias',
      `${JSON.stringify(alias.slice(0, 300))} cannot be an alias: letters, digits, - and _ are allowed`,
    )
  checkLength(alias, registryLimits.alias, 'alias')
  if (/^latest$/i.test(alias) || /^v?\d+$/i.test(alias))
    throw invalid('alias', `the alias "${alias}" is reserved: it reads as a version`)
}

/** @throws `invalid-request` */
export function checkTag({ key, value }: RegistryTag): void {
  checkTagKey(key)
  checkLength(value, registryLimits.tagValue, 'value')
}

/** @throws `invalid-request` */
export function checkTagKey(key: string): void {
  checkKey(key, 'key')
  if (key.startsWith(ownTagPrefix))
    throw invalid('key', `tags that begin with ${ownTagPrefix} say what a version is, and nobody sets them`)
}
