/** A file that comes in parts: who has its key may send them. It outlives restarts; what is abandoned is collected. */
export interface ArtifactUploadRecord {
  /** 32 hex digits. */
  id: string
  root: string
  path: string
  /** How many parts were announced, numbered from 1. */
  parts: number
  /** SHA-256 of the key that parts are sent with. */
  keyHash: string
  /** An upload that was completed stays for a while, so that whoever asks again hears the same. */
  state: 'open' | 'complete'
  /** Wall-clock UTC milliseconds of the last that was heard of it. */
  heardAt: number
}

/** A part that has come; its bytes are a blob. */
export interface ArtifactPartRecord {
  /** `<upload>/<number>`. */
  id: string
  upload: string
  number: number
  hash: string
  size: number
}
