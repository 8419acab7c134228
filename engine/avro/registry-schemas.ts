import { setTimeout as wait } from 'node:timers/promises'
import type { Schemas } from '../component/contracts/sink.ts'
import { kindOf, MillraceError, sentenceOf } from '../errors.ts'
import type { ServerRegistry } from './registry-server.ts'
import { avroTypesCodec } from './types-codec.ts'
import { avroValueCodec, avroValueEncoder } from './value-codec.ts'

/** For how long, and how loudly, the schemas of a topology wait for a registry that is away. */
export interface RegistryPatience {
  /** Milliseconds; without end for workers, which have nothing to do without schemas. 0 = not at all. */
  readonly patienceMs?: number
  /** Ends the waiting. */
  readonly signal?: AbortSignal
  /** Told of each new reason to wait, once. */
  readonly trouble?: (sentence: string) => void
}

const shortestWaitMs = 100
const longestWaitMs = 10_000

/**
 * The schemas of a registry as components use them. What a topology names is got at its start; while the registry is
 * away and the disk does not have it, that waits.
 *
 * Rejects with the errors of {@link ServerRegistry}; with REGISTRY_UNAVAILABLE (downstream) when the patience is at its
 * end, and with an AbortError where the signal ends the waiting.
 */
export function registrySchemas(registry: ServerRegistry, patience: RegistryPatience = {}): Schemas {
  return {
    async encoder(schema, topic) {
      return avroValueEncoder(await patiently(() => registry.writerOf(schema, topic), patience))
    },
    async codec(schema, topic, others) {
      const names = typeof schema === 'string' ? [schema] : schema
      // The project may have the schema, and nobody would ask the registry before there is a record.
      await checked(() => registry.check(names[0]!, topic), patience)
      const readers = await Promise.all(
        names.map((name) => patiently(() => registry.readerOf(name, topic), patience)),
      )
      if (typeof schema === 'string') return avroValueCodec(registry, readers[0]!)
      return avroTypesCodec(registry, readers, others)
    },
  }
}

/** What is away will be waited for when it is needed; what is wrong is said now. */
async function checked(check: () => Promise<void>, { trouble }: RegistryPatience): Promise<void> {
  try {
    await check()
  } catch (error) {
    if (kindOf(error) !== 'downstream') throw error
    trouble?.(sentenceOf(error))
  }
}

async function patiently<Result>(
  ask: () => Promise<Result>,
  { patienceMs = Infinity, signal, trouble }: RegistryPatience,
): Promise<Result> {
  const deadline = performance.now() + patienceMs
  for (let told = ''; ;) {
    try {
      return await ask()
    } catch (error) {
      const wanted = error instanceof MillraceError ? Number(error.facts['retryInMs'] ?? 0) : 0
      const pause = Math.min(longestWaitMs, Math.max(shortestWaitMs, wanted))
      if (kindOf(error) !== 'downstream' || performance.now() + pause > deadline) throw error
      if (sentenceOf(error) !== told) trouble?.((told = sentenceOf(error)))
      await wait(pause, undefined, { ref: true, ...(signal && { signal }) })
    }
  }
}
