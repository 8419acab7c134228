import { expect } from '@jest/globals'
import { sharedKafka, type SharedKafka } from '../support/servers/shared.ts'
import { Folder } from './full-command-line.ts'

/** A project that runs against a real broker: what the tests of single processors share. */
export class Trial {
  readonly kafka: SharedKafka
  readonly folder = new Folder()
  readonly #shown = new Set<string>()

  private constructor(kafka: SharedKafka, partitions: number) {
    this.kafka = kafka
    this.folder.write(
      'environments/trial.yaml',
      `kafka: { brokers: '${kafka.bootstrap}', topics: { partitions: ${partitions}, replication: 1 } }\n`,
    )
  }

  /** Topics get so many partitions. To be closed. */
  static async open(partitions: number): Promise<Trial> {
    return new Trial(await sharedKafka(), partitions)
  }

  /** Writes a topology under a group of its own; `rest` is what comes behind its name. Answers that name. */
  topology(file: string, rest: string): string {
    const group = this.kafka.uniqueGroup(file)
    this.folder.write(`topologies/${file}.yaml`, `name: ${group}\ndescription: Of a test.\n${rest}`)
    return group
  }

  /** Makes the topics of the catalogue and the topologies. */
  async apply(): Promise<void> {
    expect(await this.folder.run('topics apply --env trial')).toMatchObject({ code: 0 })
  }

  /** Writes values as JSON, under the key that is a field of theirs. */
  async produce(topic: string, ...values: readonly object[]): Promise<void> {
    this.folder.write('values.jsonl', `${values.map((value) => JSON.stringify(value)).join('\n')}\n`)
    const produced = await this.folder.run(`produce ${topic} --raw --key key --file values.jsonl --env trial`)
    expect(produced).toMatchObject({ code: 0 })
  }

  /** A worker's life, until it has read all that there is. */
  async toEnd(file: string): Promise<void> {
    expect(await this.folder.run(`run topologies/${file}.yaml --until-end --env trial`)).toMatchObject({
      code: 0,
    })
  }

  /** The values of a topic of JSON that were not read before. */
  async read<Value>(topic: string): Promise<Value[]> {
    const file = `show-${topic}`
    if (!this.#shown.has(topic)) {
      this.#shown.add(topic)
      this.topology(
        file,
        `sources: { values: { type: topic, topic: ${topic}, format: json } }\nsinks: { out: { type: console, from: values } }\n`,
      )
    }
    const { out } = await this.folder.run(`run topologies/${file}.yaml --until-end --env trial`)
    return out.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Value)
  }

  async close(): Promise<void> {
    this.folder.remove()
    await this.kafka.reset()
  }
}
