import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { MillwrightError } from '../../base/errors.ts'
import type { PackageSignature } from '../../contract/package.ts'

/** A new pair of keys: the private one as PEM, the public one as an environment's `signedBy` takes it. */
export function newSigningKey(): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKey: textOf(publicKey) }
}

const textOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')

/**
 * Vouches for a package.
 *
 * @param privateKey an Ed25519 key as PEM (PKCS 8). @param key what to call it.
 * @throws `invalid-request` for any other text.
 */
export function signIdentity(hash: string, privateKey: string, key: string): PackageSignature {
  let pair: KeyObject
  try {
    pair = createPrivateKey(privateKey)
    if (pair.asymmetricKeyType !== 'ed25519') throw new Error(`it is of type ${pair.asymmetricKeyType}`)
  } catch (cause) {
    throw new MillwrightError('invalid-request', 'the key to sign with is no Ed25519 private key in PEM', {
      field: 'key',
      hint: 'Make one with `millwright key create`.',
      cause,
    })
  }
  const signature = sign(null, Buffer.from(hash), pair).toString('base64')
  return { algorithm: 'ed25519', key, publicKey: textOf(createPublicKey(pair)), signature }
}

/** Whether the signature was made for this identity by the key that it names. */
export function isSignedBy(hash: string, { publicKey, signature }: PackageSignature): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.from(hash), key, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}
