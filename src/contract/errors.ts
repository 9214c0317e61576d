/**
 * The one catalogue of errors: code → HTTP status and meaning. `docs/errors.md` says the same for people, and a test
 * proves that both agree. On the wire: `{error: {code, message, field?, hint?}}`.
 */
export const errorCatalogue = {
  'invalid-request': { status: 400, meaning: 'A field of the request is missing or wrong; `field` names it.' },
  'invalid-definition': {
    status: 400,
    meaning: 'The project definition does not hold together; `field` names the place.',
  },
  'model-spec-invalid': { status: 400, meaning: 'A setting of the training is out of range; `field` names it.' },
  'training-frame-invalid': { status: 400, meaning: 'The training examples cannot be trained on; `field` says what.' },
  'model-unreadable': { status: 400, meaning: 'The bytes are no model that can be read, or a damaged one.' },
  'model-input-invalid': {
    status: 400,
    meaning: 'An input of the model is missing, unknown, or of another type or shape.',
  },
  'invalid-data': { status: 400, meaning: 'Rows or a file could not be read as the dataset expects.' },
  unauthorized: { status: 401, meaning: 'The control plane asks who it is, and the token is missing or unknown.' },
  forbidden: { status: 403, meaning: 'The role, the host or the origin does not allow it.' },
  'sealed-data': { status: 403, meaning: 'Training asked for rows of the sealed test split.' },
  'not-found': { status: 404, meaning: 'There is nothing with this name or id.' },
  'too-slow': { status: 408, meaning: 'The client sends its request too slowly to wait for the rest.' },
  'already-exists': { status: 409, meaning: 'The name or id is taken.' },
  conflict: { status: 409, meaning: 'The present state does not allow it; the message says which state.' },
  'rules-unmet': { status: 409, meaning: 'A rule of the environment does not hold yet; the message lists every one.' },
  'rollout-refused': {
    status: 409,
    meaning: 'A prediction service cannot take the version; the message says what it lacks or answered wrongly.',
  },
  'pipeline-busy': { status: 409, meaning: 'The pipeline runs as often as its concurrency allows.' },
  'training-aborted': { status: 409, meaning: 'The training was stopped before it had a model.' },
  'too-large': { status: 413, meaning: 'The request is larger than the limit in the message.' },
  'training-too-large': { status: 413, meaning: 'The training needs more memory than it can have.' },
  'unsupported-media-type': { status: 415, meaning: 'The content type is not one this route reads.' },
  'package-altered': {
    status: 422,
    meaning: 'The bytes of a package, or the files unpacked from it, are not those that its hash names.',
  },
  'step-failed': { status: 422, meaning: 'A step of the pipeline ended in failure; its log says why.' },
  'export-differs': { status: 422, meaning: 'The exported model answers other numbers than the trained one.' },
  'too-many-attempts': { status: 429, meaning: 'Too many wrong tokens came from this address within a minute.' },
  'headers-too-large': { status: 431, meaning: 'The address and the headers together are larger than 16 KB.' },
  'corrupt-blob': { status: 500, meaning: 'Stored bytes no longer match their hash.' },
  'training-failed': { status: 500, meaning: 'The training thread ended without a model.' },
  internal: { status: 500, meaning: 'A fault of Millwright itself; the log of the process has the details.' },
  'missing-package': { status: 501, meaning: 'An optional package is needed for this and is not installed.' },
  'model-runner-missing': {
    status: 501,
    meaning: 'The model needs the package onnxruntime-node, which is not installed.',
  },
  unavailable: { status: 503, meaning: 'The service cannot answer now; trying again later may help.' },
  'storage-failed': {
    status: 507,
    meaning: 'The disk is full, may only be read, or does not answer; the message says which, and nothing was changed.',
  },
} as const satisfies Record<string, { status: number; meaning: string }>

export type ErrorCode = keyof typeof errorCatalogue

export interface ErrorBody {
  error: { code: string; message: string; field?: string; hint?: string }
}

/** The HTTP status of an error code; a code that the catalogue does not know is a fault of ours. */
export function statusOf(code: string): number {
  return code in errorCatalogue ? errorCatalogue[code as ErrorCode].status : 500
}
