// One broker: a JVM that ends when this process does.

import { join } from 'node:path'
import { JvmProcess } from './jvm-process.ts'

export interface BrokerProgram {
  id: number
  /** Where server.properties lies; broker.log goes there. */
  folder: string
  classPath: string
  /** Of the JVM, on top of those that all brokers have. */
  flags: readonly string[]
}

const logging = 'org.slf4j.simpleLogger'
const logs = [`-D${logging}.showDateTime=true`, `-D${logging}.dateTimeFormat=HH:mm:ss.SSS`]

/** The JVM of one broker, for which the first compiler is enough. */
export class BrokerProcess extends JvmProcess {
  readonly id: number
  readonly #program: BrokerProgram

  constructor(program: BrokerProgram) {
    super(`Kafka broker ${program.id}`, join(program.folder, 'broker.log'))
    this.id = program.id
    this.#program = program
  }

  /** @param format  the arguments of `kafka-storage format`, for a broker without data */
  spawn(format: readonly string[] = []): void {
    const { folder, classPath, flags } = this.#program
    const java = ['-XX:TieredStopAtLevel=1', ...logs, ...flags, '-cp', classPath, 'Broker']
    this.run([...java, join(folder, 'server.properties'), ...format])
  }
}
