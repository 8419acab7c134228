// The part of kafka-crab-js that is used here. The package is installed beside the benchmark alone.

export interface CrabMessage {
  readonly payload: Buffer
  readonly headers?: Readonly<Record<string, Buffer>>
}

interface Consumer {
  subscribe(topics: readonly object[]): Promise<void>
  disconnect(): Promise<void>
}

interface Producer {
  send(batch: { readonly topic: string; readonly messages: readonly object[] }): Promise<readonly unknown[]>
}

interface Client {
  createWebStreamConsumer(options: object): {
    readonly consumer: Consumer
    readonly stream: ReadableStream<readonly CrabMessage[]>
  }
  createProducer(options: object): Producer
}

export interface KafkaCrab {
  readonly KafkaClient: new (options: object) => Client
}
