import { expect, test } from '@jest/globals'
import { sharedKafka } from '../support/servers/shared.ts'

test('two askers get the same cluster, and names of their own', async () => {
  const [one, other] = await Promise.all([sharedKafka(), sharedKafka()])
  expect(one.clusterId).toBe(other.clusterId)
  expect(one.uniqueTopic('orders')).not.toBe(other.uniqueTopic('orders'))
  const topic = one.uniqueTopic('orders')
  await one.createTopic(topic, { partitions: 3 })
  await one.reset()
})
