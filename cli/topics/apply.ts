import { downstreamError } from '../../engine/errors.ts'
import type { KafkaAdmin } from '../../engine/kafka/admin.ts'
import type { TopicStep } from './plan.ts'

const patienceMs = 15_000

/** Carries the steps out, one after the other; what is done already stays done if one fails. */
export async function applySteps(
  admin: KafkaAdmin,
  steps: readonly TopicStep[],
  done: (step: TopicStep, made: boolean) => void,
): Promise<void> {
  for (const step of steps) {
    if (step.action === 'create') done(step, await create(admin, step))
    if (step.action === 'change') {
      await change(admin, step)
      done(step, true)
    }
  }
}

async function create(admin: KafkaAdmin, step: TopicStep): Promise<boolean> {
  const { topic, partitions, replication, settings } = step
  const made = await admin.createTopic(topic, { partitions, replication, configs: settings })
  await untilThere(admin, topic, partitions)
  return made
}

async function change(admin: KafkaAdmin, { topic, partitions, settings }: TopicStep): Promise<void> {
  await admin.alterTopic(topic, settings)
  if (((await admin.partitionsOf(topic)) ?? 0) >= partitions) return
  await admin.addPartitions(topic, partitions)
  await untilThere(admin, topic, partitions)
}

/** Kafka answers before all brokers know. */
async function untilThere(admin: KafkaAdmin, topic: string, partitions: number): Promise<void> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline;) {
    const found = (await admin.topics([topic])).get(topic)?.partitions ?? []
    if (found.length >= partitions && found.every(({ leader }) => leader >= 0)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const message = `The topic ${topic} was made, but is not ready after ${patienceMs / 1000} s: look at the brokers.`
  throw downstreamError('KAFKA_AWAY', message)
}
