import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** What nobody who asks may ever read. */
export const canaryText = 'canary: 5e0f, only who reads this file knows it'

/** A port of this machine that nobody should ever call. */
export async function trap(): Promise<{ port: number; calls(): string[]; close(): Promise<void> }> {
  const calls: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => calls.push(bytes.toString('latin1').slice(0, 200)))
    socket.once('close', () => calls.push('a connection'))
    setTimeout(() => socket.destroy(), 100)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    calls: () => calls,
    close: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

/** Every file below a folder with the hash of its bytes, every folder too. */
export function picture(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name)
      if (statSync(path).isDirectory()) return [name, 'folder']
      return [name, createHash('sha256').update(readFileSync(path)).digest('hex')]
    }),
  )
}

/**
 * What some reader takes for a place outside, an address to call, a piece of SQL, of a page or of a header.
 *
 * @param canary path of a file beside the home. @param port that nobody should call.
 */
export function hostileValues(canary: string, port: number): { places: string[]; texts: string[] } {
  const below = canary.split('/').slice(-2).join('/')
  return {
    places: [
      `../${below}`,
      `../../../${below}`,
      `a/../../../${below}`,
      canary,
      `/${canary}`,
      `file://${canary}`,
      `file:${canary}`,
      `FILE://localhost${canary}`,
      `a#/../../${below}`,
      `a?x=../../${below}`,
      `..\\..\\${below.replace('/', '\\')}`,
      'C:\\Windows\\win.ini',
      '\\\\127.0.0.1\\share',
      '//proc/self/environ',
      '/proc/self/cwd/package.json',
      `../${below}\0.png`,
      '..',
      '.',
      // Overlong: some readers take these bytes for `../`.
      '%c0%ae%c0%ae%c0%af',
      '．．／outside',
      `http://127.0.0.1:${port}/latest/meta-data`,
      `ftp://127.0.0.1:${port}/x`,
      `mlflow-artifacts://127.0.0.1:${port}/x`,
      `s3://127.0.0.1:${port}/../x`,
      `jdbc:h2:file:${canary}`,
    ],
    texts: [
      "' OR 1=1 --",
      "x'; DROP TABLE experiment; --",
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      'javascript:alert(1)',
      'x\r\nset-cookie: hostile=1',
      '__proto__',
      'constructor',
      '%00%ff%',
      '\u202e\ufeff\ud83d',
      'n'.repeat(3000),
    ],
  }
}

/** What no answer says: SQL, the machine's paths and errors, places in our code. */
export const leak =
  /\bSELECT\b|\binsert into\b|SQLITE|sqlite_|no such (table|column)|syntax error|\bE(NOENT|ACCES|ISDIR|INVAL|CONNREFUSED)\b|node_modules|\/src\/|\n\s+at \S|\.ts:\d|root:x?:0|BEGIN [A-Z ]*PRIVATE/i
