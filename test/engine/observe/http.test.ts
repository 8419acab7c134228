import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { parseHttpFlag, resolveSecret } from '../../../engine/observe/http-address.ts'
import { serveHttp, type Health, type HttpContent, type HttpServer } from '../../../engine/observe/http.ts'
import { createMetrics } from '../../../engine/observe/metrics.ts'

const servers: HttpServer[] = []
const well: Health = { ok: true, reasons: [] }

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(
  content: Partial<HttpContent> = {},
  token?: string,
  host = '127.0.0.1',
): Promise<HttpServer> {
  const all: HttpContent = { metrics: createMetrics(), health: () => well, ready: () => well, ...content }
  const server = await serveHttp({ host, port: 0 }, all, token)
  servers.push(server)
  return server
}

/** Sends bytes as they are, and answers all that comes back. */
function exchange(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', () => undefined)
  })
}

describe('what it serves', () => {
  test('/metrics', async () => {
    const { url } = await serve()
    const answer = await fetch(`${url}/metrics?now`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toContain('millrace_build_info')
  })

  test('/healthz and /readyz, with their reasons, asked each time', async () => {
    let moving = false
    const { url } = await serve({
      ready: () => ({
        ok: moving,
        reasons: moving ? [] : ['audit-events/3 is being restored.'],
        details: { tasks: 2 },
      }),
    })
    const health = await fetch(`${url}/healthz`)
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok', reasons: [] }])
    const before = await fetch(`${url}/readyz`)
    expect([before.status, await before.json()]).toEqual([
      503,
      { status: 'failing', reasons: ['audit-events/3 is being restored.'], tasks: 2 },
    ])
    moving = true
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  test('HEAD is GET without the body', async () => {
    const { port } = await serve()
    const answer = await exchange(port, 'HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toMatch(/Content-Length: [1-9]/)
    expect(answer.endsWith('\r\n\r\n')).toBe(true)
  })

  test.each(['/', '/metrics/', '/constructor', '/../etc/passwd', '//metrics', '/%2e%2e/x'])(
    '%s is not found',
    async (path) => {
      const { port } = await serve()
      const answer = await exchange(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 404 /)
      expect(answer).toMatch(/Content-Type: text\/plain/)
    },
  )

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is not allowed', async (method) => {
    const { url } = await serve()
    const answer = await fetch(`${url}/metrics`, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('an error while answering is a 500 that says nothing', async () => {
    const { url } = await serve({
      health: () => {
        throw new Error('cannot reach kafka-1.internal')
      },
    })
    const answer = await fetch(`${url}/healthz`)
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('kafka-1')
  })
})

describe('limits', () => {
  test('headers are bounded', async () => {
    const { port } = await serve()
    const answer = await exchange(
      port,
      `GET /metrics HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
  })

  test('a body is not read: the connection is closed', async () => {
    const { port } = await serve()
    const head = 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n'
    const answer = await exchange(port, head + 'x'.repeat(1000))
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toMatch(/Connection: close/)
  })

  test('what is no HTTP is answered and closed', async () => {
    const { port, url } = await serve()
    expect(await exchange(port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('close cuts connections that are open', async () => {
    const server = await serve()
    const waiting = exchange(server.port, 'GET /healthz HTTP/1.1\r\n')
    await fetch(`${server.url}/healthz`)
    await server.close()
    await waiting
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  })
})

describe('who may ask', () => {
  test('beyond this machine nobody may, without a token', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org']) {
      await expect(serve({}, undefined, host)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('--http-token'),
      })
    }
    await expect(serve({}, '', '0.0.0.0')).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('with a token, every request must bring it', async () => {
    const { port } = await serve({}, 'the-token', '0.0.0.0')
    const url = `http://127.0.0.1:${port}`
    const ask = async (authorization?: string) =>
      (await fetch(`${url}/metrics`, authorization === undefined ? {} : { headers: { authorization } }))
        .status
    expect(await ask()).toBe(401)
    expect(await ask('Bearer the-token-')).toBe(401)
    expect(await ask('Basic the-token')).toBe(401)
    expect(await ask('Bearer the-token')).toBe(200)
    expect((await fetch(`${url}/nowhere`)).status).toBe(401)
  })
})

describe('addresses', () => {
  test('are off, a port, or host and port', () => {
    expect(parseHttpFlag('off')).toBeUndefined()
    expect(parseHttpFlag('0')).toEqual({ host: '127.0.0.1', port: 0 })
    expect(parseHttpFlag('9090')).toEqual({ host: '127.0.0.1', port: 9090 })
    expect(parseHttpFlag('0.0.0.0:9090')).toEqual({ host: '0.0.0.0', port: 9090 })
    expect(parseHttpFlag('[::1]:9090')).toEqual({ host: '::1', port: 9090 })
  })

  test.each(['', 'on', '70000', ':9090', 'host', 'host:', '::1:9090', 'http://x:1', '-1'])(
    '%j is none',
    (flag) => {
      expect(() => parseHttpFlag(flag)).toThrow(expect.objectContaining({ code: 'USAGE' }))
    },
  )

  test('a port in use is one sentence with a remedy', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const content: HttpContent = { metrics: createMetrics(), health: () => well, ready: () => well }
    await expect(serveHttp({ host: '127.0.0.1', port }, content)).rejects.toMatchObject({
      message: `HTTP port 127.0.0.1:${port} is in use: choose another one with --http PORT, --http 0 for any free one, or --http off.`,
    })
    await new Promise((resolve) => other.close(resolve))
  })
})

describe('secrets by reference', () => {
  test('come from the environment or a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-secret-'))
    try {
      writeFileSync(join(folder, 'token'), 'from-file\n')
      expect(resolveSecret('env:TOKEN', { TOKEN: 'from-env' }, '--http-token')).toBe('from-env')
      expect(resolveSecret(`file:${join(folder, 'token')}`, {}, '--http-token')).toBe('from-file')
      expect(() => resolveSecret('env:TOKEN', {}, '--http-token')).toThrow(/env:TOKEN is empty or not set/)
      expect(() => resolveSecret(`file:${folder}/none`, {}, '--http-token')).toThrow(
        /could not be read \(ENOENT\)/,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('the secret itself is refused, without being repeated', () => {
    expect(() => resolveSecret('hunter2', {}, '--http-token')).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.not.stringContaining('hunter2') }),
    )
  })
})
