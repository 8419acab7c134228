// The part of @platformatic/kafka that is used here. The package is installed beside the benchmark alone.

export interface PlatformaticMessage {
  readonly key: Buffer | undefined
  readonly value: Buffer
  readonly headers: ReadonlyMap<Buffer, Buffer>
}

export interface PlatformaticStream {
  on(event: 'data', listener: (message: PlatformaticMessage) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  close(): Promise<void>
}

interface Consumer {
  consume(options: object): Promise<PlatformaticStream>
  close(force: boolean): Promise<void>
}

interface Producer {
  send(options: { readonly messages: readonly object[] }): Promise<unknown>
}

interface Admin {
  createTopics(options: object): Promise<unknown>
  deleteTopics(options: { readonly topics: readonly string[] }): Promise<unknown>
  listTopics(): Promise<readonly string[]>
  listOffsets(options: object): Promise<readonly ListedTopic[]>
  close(): Promise<void>
}

export interface ListedTopic {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly offset: bigint }[]
}

export interface Platformatic {
  readonly Consumer: new (options: object) => Consumer
  readonly Producer: new (options: object) => Producer
  readonly Admin: new (options: object) => Admin
  readonly compatibilityPartitioner: (message: unknown, key?: Buffer) => number
}
