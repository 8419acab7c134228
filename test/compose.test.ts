// docker-compose.yml cannot be started where there is no container engine; what can be checked without one is checked here.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { parse, parseDocument } from 'yaml'

interface Service {
  profiles?: string[]
  image?: string
  ports?: string[]
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number }
}

const root = new URL('../', import.meta.url)
const text = readFileSync(new URL('docker-compose.yml', root), 'utf8')
const compose = parse(text) as { services: Record<string, Service>; volumes: Record<string, null> }
const services = Object.entries(compose.services)

const profiles = {
  core: ['kafka', 'redis', 'scylla'],
  registry: ['kafka', 'registry'],
  monitoring: ['alertmanager', 'grafana', 'prometheus'],
  tracing: ['jaeger'],
}

test('is YAML without errors, warnings or doubled keys', () => {
  const { errors, warnings } = parseDocument(text)
  expect([...errors, ...warnings]).toEqual([])
})

test('has the expected services in the expected profiles', () => {
  const found: Record<string, string[]> = {}
  for (const [name, { profiles: own = [] }] of services) {
    for (const profile of own) (found[profile] ??= []).push(name)
  }
  for (const names of Object.values(found)) names.sort()
  expect(found).toEqual(profiles)
})

test('no port of the host is given away twice', () => {
  const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(':')[1]))
  expect(published).toHaveLength(new Set(published).size)
})

test('every named volume is declared, and every declared one is used', () => {
  const used = services.flatMap(([, { volumes = [] }]) =>
    volumes.map((volume) => volume.split(':')[0]!).filter((from) => !from.startsWith('.')),
  )
  expect(used.toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
})

describe.each(services)('%s', (_name, service) => {
  test('its image is pinned to a full version', () => {
    expect(service.image).toMatch(/^[a-z][a-z/-]*:v?\d+\.\d+\.\d+(-alpine)?$/)
  })

  test('its ports are bound to the loopback address', () => {
    expect(service.ports).not.toHaveLength(0)
    for (const port of service.ports!) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
  })

  test('it has a healthcheck with limits', () => {
    expect(service.healthcheck).toMatchObject({
      interval: expect.stringMatching(/^\d+s$/),
      timeout: expect.stringMatching(/^\d+s$/),
      retries: expect.any(Number),
    })
    expect(['CMD', 'CMD-SHELL']).toContain(service.healthcheck!.test[0])
    expect(service.healthcheck!.test.length).toBeGreaterThan(1)
  })

  test('what it mounts from here exists and is mounted read-only', () => {
    const mounts = (service.volumes ?? []).filter((volume) => volume.startsWith('.'))
    for (const mount of mounts) {
      const [from, to, mode] = mount.split(':')
      expect({ from, exists: existsSync(new URL(from!, root)), mode }).toEqual({
        from,
        exists: true,
        mode: 'ro',
      })
      expect(to).toMatch(/^\//)
    }
  })

  test('what it depends on is started with it and has a healthcheck', () => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      const other = compose.services[name]
      expect(condition).toBe('service_healthy')
      expect(other?.healthcheck).toBeDefined()
      expect(other!.profiles).toEqual(expect.arrayContaining(service.profiles!))
    }
  })
})

describe('the files that it mounts', () => {
  const read = (path: string) => parse(readFileSync(new URL(path, root), 'utf8'))
  const hostsOf = (config: { static_configs: { targets: string[] }[] }) =>
    config.static_configs.flatMap(({ targets }) => targets)

  test('Prometheus scrapes a worker on the host, and knows services of this file only', () => {
    const { scrape_configs: jobs, alerting } = read('monitoring/prometheus.yml')
    const targets: string[] = [...jobs, ...alerting.alertmanagers].flatMap(hostsOf)
    expect(targets).toContain('host.docker.internal:9464')
    const known = [...Object.keys(compose.services), 'localhost', 'host.docker.internal']
    for (const target of targets) expect(known).toContain(target.split(':')[0])
  })

  test('Alertmanager routes to a receiver that exists', () => {
    const { route, receivers } = read('monitoring/alertmanager.yml')
    expect(receivers.map(({ name }: { name: string }) => name)).toContain(route.receiver)
  })

  test('Grafana reads from the Prometheus of this file', () => {
    const { datasources } = read('monitoring/grafana/provisioning/datasources/prometheus.yml')
    expect(datasources[0]).toMatchObject({ type: 'prometheus', url: 'http://prometheus:9090' })
  })
})
