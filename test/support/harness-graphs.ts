import { Random } from './harness-records.ts'

interface Node {
  readonly name: string
  readonly type: 'map-it' | 'wait' | 'sieve' | 'fan' | 'split' | 'effect'
  readonly n: number
  readonly from: readonly string[]
  readonly order?: 'batch' | 'record'
}

/** A topology that a test made up, and what must come of a record in it. */
export interface RandomGraph {
  readonly yaml: string
  /** Nodes at which a record may fail. */
  readonly nodes: readonly string[]
  readonly sinks: readonly string[]
  /** Every effect of the record at this offset, as `sink path#piece`. */
  effectsOf(offset: number): string[]
}

/** Draws a graph: chains, branches, merges, sync and async nodes, sinks of both orders. */
export function randomGraph(seed: number, then: 'park' | 'skip' = 'park'): RandomGraph {
  const random = new Random(seed)
  const nodes: Node[] = []
  const ports = ['unique']
  const some = (): string[] => {
    const one = random.pick(ports)
    const other = random.pick(ports)
    return one === other || random.chance(0.7) ? [one] : [one, other]
  }
  for (let count = 1 + random.below(5), number = 0; number < count; number++) {
    const type = random.pick(['map-it', 'wait', 'sieve', 'fan', 'split'] as const)
    const name = `n${number}`
    nodes.push({ name, type, n: 2 + random.below(2), from: some() })
    if (type !== 'sieve' && type !== 'split') ports.push(name)
    // Nodes that pass a value on untouched are followed by one that notes the way it took.
    const outputs = type === 'sieve' ? ['', '.rest'] : type === 'split' ? ['', '.left', '.right'] : []
    for (const output of outputs) {
      const tag = `t${number}${output.slice(1)}`
      nodes.push({ name: tag, type: 'map-it', n: 2, from: [`${name}${output}`] })
      ports.push(tag)
    }
  }
  addSinks(nodes, ports, random, some)
  return graphOf(nodes, then)
}

/** Every port is read by somebody. */
function addSinks(nodes: Node[], ports: readonly string[], random: Random, some: () => string[]): void {
  const read = new Set(nodes.flatMap(({ from }) => from))
  const unread = ports.filter((port) => !read.has(port))
  const order = (): 'batch' | 'record' => (random.chance(0.5) ? 'batch' : 'record')
  nodes.push({ name: 'all', type: 'effect', n: 2, from: unread.length > 0 ? unread : some(), order: order() })
  if (random.chance(0.6)) nodes.push({ name: 'more', type: 'effect', n: 2, from: some(), order: order() })
}

function graphOf(nodes: readonly Node[], then: string): RandomGraph {
  const lines = (sinks: boolean): string =>
    nodes
      .filter(({ type }) => (type === 'effect') === sinks)
      .map(({ name, type, n, from, order }) => {
        const own = sinks ? `order: ${order}, most: ${n * 2}` : `n: ${n}`
        return `  ${name}: { type: ${type}, from: [${from.map((port) => `"${port}"`).join(', ')}], ${own} }`
      })
      .join('\n')
  const yaml = `name: graph
sources: { in: { type: topic, topic: in, format: json } }
processors:
  unique: { type: dedupe, from: in, by: id, window: 7d }
${lines(false)}
sinks:
${lines(true)}
errors: { attempts: 3, then: ${then}, backoff: { first: 10ms, longest: 50ms }, flood: { share: 1, of: 1000000 } }
commit: { every: 30ms }
`
  return {
    yaml,
    nodes: nodes.map(({ name }) => name),
    sinks: nodes.filter(({ type }) => type === 'effect').map(({ name }) => name),
    effectsOf: (offset) => walk(nodes, 'unique', offset, [], ''),
  }
}

/** The effects of what comes out of a port. */
function walk(
  nodes: readonly Node[],
  port: string,
  offset: number,
  path: readonly string[],
  piece: string,
): string[] {
  return nodes
    .filter(({ from }) => from.includes(port))
    .flatMap((node) => {
      const { name, type, n } = node
      if (type === 'effect') return [`${name} ${path.join('>')}${piece === '' ? '' : `#${piece}`}`]
      if (type === 'sieve') return walk(nodes, offset % n === 0 ? `${name}.rest` : name, offset, path, piece)
      if (type === 'split')
        return walk(nodes, [name, `${name}.left`, `${name}.right`][offset % 3]!, offset, path, piece)
      const next = [...path, name]
      if (type !== 'fan') return walk(nodes, name, offset, next, piece)
      return Array.from(
        { length: offset % (n + 1) },
        (_, at) => `${piece === '' ? '' : `${piece}.`}${at}`,
      ).flatMap((one) => walk(nodes, name, offset, next, one))
    })
}
