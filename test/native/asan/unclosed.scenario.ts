// A process that ends while it reads and writes, with nothing closed, ends without harm.
import { packPlain } from '../../../native/plain-batches.ts'
import { Reader } from '../../../native/reader.ts'
import { Writer } from '../../../native/writer.ts'
import { MockCluster } from '../../support/mock-cluster.ts'
import { fill, read } from './support.ts'

const cluster = new MockCluster()
cluster.createTopic('topic')
await fill(cluster, 'topic', 1000)
const settings = { 'bootstrap.servers': cluster.bootstrap }
const reader = await Reader.open({ settings: { ...settings, 'group.id': 'group' } })
await reader.subscribe(['topic'])
await read(reader, 500)
const writer = await Writer.open({ settings })
void writer.write('topic', packPlain([{ key: null, value: Buffer.from('last') }])).catch(() => undefined)
void reader.poll({ maxBytes: 1 << 20, waitMs: 60_000 }).catch(() => undefined)
process.exit(0)
