/** A place where we refuse what goes there. */
const refusals = (place: string, went: string, why: string) =>
  [
    `went: theirs "${went}", ours undefined`,
    'error: theirs undefined, ours "INVALID_PARAMETER_VALUE"',
    'status: theirs undefined, ours 400',
  ].map((what) => ({ what: `${place}.${what}`, why }))

interface Difference {
  what: string
  why: string
  /** Which version of the client alone sees it, beside its own server; both where nothing is said. */
  of?: 'newest' | 'before'
}

/** Every place where the client sees something else here than at MLflow's own server, and why that is wanted. */
export const differences: readonly Difference[] = [
  {
    what: 'search.28.1: theirs [0,1,3,6,9], ours {"error":"INVALID_PARAMETER_VALUE"}',
    why: 'a filter that ends with AND may be half of one, and would find too much',
  },
  {
    what: 'artifacts.1.1.1.2: theirs null, ours 0',
    why: 'an empty file has a size',
  },
  ...['logged_models.18.0', 'logged_models.19.0'].map((place) => ({
    what: `${place}: theirs undefined, ours "model 1"`,
    why: 'models measured on a dataset of any digest are found when no digest is said, as its documentation has it; there they are not',
  })),
  {
    what: 'registered_models.44: theirs "1", ours "2"',
    why: 'numbers of a model that was deleted go on when its name comes again: what names a version, such as a prediction, never means another',
  },
  ...['error: theirs "INTERNAL_ERROR", ours "INVALID_PARAMETER_VALUE"', 'status: theirs 500, ours 400'].flatMap(
    (what) =>
      ['model_versions.38', 'register_model.6'].map((place) => ({
        what: `${place}.${what}`,
        why: 'a stage of which nothing is archived, and a source that is not there, are faults of the request: with 500 the client asks again for minutes',
      })),
  ),
  ...refusals(
    'model_versions.39',
    '257',
    'a name is at most 256 characters, which is what its databases hold; SQLite alone does not look',
  ),
  ...refusals(
    'model_versions.40',
    'None',
    'an alias of digits reads as the number of a version, by which our own routes and commands take it',
  ),
  {
    what: 'search_registry.15.1: theirs [], ours {"error":"INVALID_PARAMETER_VALUE"}',
    why: 'a filter that ends with AND may be half of one',
  },
  {
    what: 'search_registry.20.1.error: theirs "INTERNAL_ERROR", ours "INVALID_PARAMETER_VALUE"',
    why: 'a key that comes twice in an order is a fault of the request',
  },
  // From here on: what the server of the version before answers, and the newest does as ours.
  {
    what: 'search.3.1.5: theirs 8, ours undefined',
    why: 'what is no number is below none; the version before has it as 0',
    of: 'before',
  },
  {
    what: 'search_registry.33.1: theirs [], ours {"error":"INVALID_PARAMETER_VALUE"}',
    why: 'no number of a version is 1.5; the version before finds nothing, and does not say why',
    of: 'before',
  },
  ...['model_versions.4', 'model_versions.10', 'register_model.4'].map((place) => ({
    what: `${place}.run: theirs null, ours "run 1"`,
    why: 'a copy of a version names the run that the first one is of',
    of: 'before' as const,
  })),
  ...[12, 13, 14, 15, 16].flatMap((place) =>
    refusals(
      `model_versions.${place}`,
      "'READY'",
      'the source of a version is of the run that is said: without that check, whoever may write one run reads the files of all',
    ).map((each) => ({ ...each, of: 'before' as const })),
  ),
  ...[
    [21, 'RESOURCE_DOES_NOT_EXIST', 404],
    [22, 'RESOURCE_DOES_NOT_EXIST', 404],
    [23, 'INVALID_PARAMETER_VALUE', 400],
  ].flatMap(([place, code, status]) =>
    [`error: theirs "INTERNAL_ERROR", ours "${code}"`, `status: theirs 500, ours ${status}`].map((what) => ({
      what: `model_versions.${place}.${what}`,
      why: 'a source that is not there is a fault of the request: with 500 the client asks again for minutes',
      of: 'before' as const,
    })),
  ),
  {
    what: 'model_versions.49: theirs "1", ours "5"',
    why: 'the alias `latest` is the version with the highest number; the version before leaves out those that have a stage',
    of: 'before',
  },
  {
    what: 'model_versions.66.aliases.best: theirs "3", ours undefined',
    why: 'with a version go its aliases; the version before keeps them, and they lead nowhere',
    of: 'before',
  },
  ...['error: theirs "RESOURCE_DOES_NOT_EXIST", ours "INVALID_PARAMETER_VALUE"', 'status: theirs 404, ours 400'].map(
    (what) => ({
      what: `model_versions.67.${what}`,
      why: 'so is an alias that is not there answered, which this one is since its version was deleted',
      of: 'before' as const,
    }),
  ),
]
