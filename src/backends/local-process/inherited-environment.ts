/** Keys to control planes and prediction services. A step that needs one names it among the secrets of its environment. */
const isKey = /^MILLWRIGHT_(TOKEN|PREDICTOR_TOKEN)/

/** The variables of this process, without those that are for it alone. */
export const inheritedEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !isKey.test(name)))
