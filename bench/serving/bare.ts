import { openSync, writeSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'

/**
 * What nobody answers a question for less than, in Node: reads a body, parses it, appends one line to a file a turn of the event loop, and then
 * answers JSON of a given size. `bare.ts <log file>`; the size is in the path: `POST /512`.
 */
const file = openSync(process.argv[2]!, 'a')
const answers = new Map<string, string>()
let waiting: { response: ServerResponse; answer: string }[] = []

function flush(): void {
  const group = waiting
  waiting = []
  writeSync(file, `${JSON.stringify({ answered: group.length, at: Date.now() })}\n`)
  for (const { response, answer } of group) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
    response.end(answer)
  }
}

const server = createServer((request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const body = JSON.parse((pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)).toString()) as unknown
    if (body === null) throw new Error('a body was expected')
    const size = request.url!.slice(1)
    let answer = answers.get(size)
    if (answer === undefined) {
      answer = JSON.stringify({ text: 'x'.repeat(Math.max(0, Number(size) - '{"text":""}'.length)) })
      answers.set(size, answer)
    }
    if (waiting.length === 0) setImmediate(flush)
    waiting.push({ response, answer })
  })
})
server.listen(0, '127.0.0.1', () => {
  const bound = server.address()
  if (typeof bound === 'object' && bound) process.send!({ ready: `http://127.0.0.1:${bound.port}` })
})
process.on('disconnect', () => process.exit(0))
