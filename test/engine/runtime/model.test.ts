import { sourceContract } from '../../support/contracts/source-contract.ts'
import { commitContract } from '../../support/contracts/commit-contract.ts'
import { ModelCluster } from '../../support/model-cluster.ts'
import { ModelWorld } from '../../support/model-parts.ts'

// The model cluster promises what every environment promises: what holds on it, holds for those too.

/** A model cluster whose clock goes as the wall clock does. */
function ticking() {
  const world = new ModelWorld()
  const cluster = new ModelCluster({
    seed: 1,
    yaml: '',
    registry: (life) => world.registry(life),
    partitions: 1,
    pollRecords: 64,
    faults: { slowest: 0 },
  })
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    cluster.clock.advance(now - last)
    last = now
  }, 1)
  const close = async (): Promise<void> => {
    clearInterval(timer)
    await cluster.close()
  }
  return { cluster, close }
}

sourceContract('the model cluster', async () => {
  const { cluster, close } = ticking()
  return { log: cluster.parts('one').log, close }
})

commitContract('the model cluster', async () => {
  const { cluster, close } = ticking()
  const { log, backend } = cluster.parts('one')
  return { log, backend, restart: async () => cluster.parts('two').backend, close }
})
