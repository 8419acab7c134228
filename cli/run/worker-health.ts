import type { Health } from '../../engine/observe/http.ts'
import type { Worker } from '../../engine/runtime/worker.ts'

/** A poll loop that has not come round for so long hangs. */
const heartbeatMs = 30_000

/** A frontier that has stood still for so long, with records under way, is stuck. */
const stillMs = 60_000

type OneTask = Worker['tasks'] extends Iterable<infer One> ? One : never

/** Whether the poll loops turn: what /healthz says. */
export function healthOf(workers: readonly Worker[], now: number): Health {
  const reasons = workers.flatMap((worker) => {
    const age = worker.heartbeat === undefined ? 0 : now - worker.heartbeat
    if (worker.state === 'FAILED') return [`The worker of ${worker.plan.name} failed.`]
    return age > heartbeatMs ? [`The poll loop of ${worker.plan.name} has not come round for ${age} ms.`] : []
  })
  return { ok: reasons.length === 0, reasons }
}

/**
 * Whether everything is assigned, restored and moving: what /readyz says. Looks at the frontiers when asked. A worker that
 * leaves a downstream alone, has a partition that halts, or merges with one of which nobody hears, is ready all the same, and degraded: another one in its place
 * would be no better off, and a roll-out must not stop for it.
 */
export class Readiness {
  readonly #workers: readonly Worker[]
  readonly #moved = new Map<string, { readonly frontier: number; readonly since: number }>()

  constructor(workers: readonly Worker[]) {
    this.#workers = workers
  }

  check(now: number): Health {
    const reasons: string[] = []
    for (const worker of this.#workers) {
      if (!worker.ready)
        reasons.push(`${worker.plan.name} waits for its partitions and their state (${worker.state}).`)
      for (const task of worker.tasks) reasons.push(...this.#still(task, now))
    }
    return {
      ok: reasons.length === 0,
      reasons,
      degraded: this.#workers.flatMap((worker) => degradedOf(worker, now)),
    }
  }

  #still(task: OneTask, now: number): string[] {
    return task.inputs.flatMap(({ ledger, partition, parking, isHeld }) => {
      const id = `${task.id} ${partition.topic}`
      const before = this.#moved.get(id)
      if (before?.frontier !== ledger.frontier || ledger.open === 0 || isHeld || parking.halt !== undefined) {
        this.#moved.set(id, { frontier: ledger.frontier, since: now })
        return []
      }
      if (now - before.since < stillMs) return []
      return [
        `${partition.topic}/${partition.partition} has stood still at offset ${ledger.frontier} for a minute.`,
      ]
    })
  }
}

/** What has waited in a merge for too long, and for whom. */
function mergeWaits({ inputs }: OneTask, now: number): string[] {
  const nameOf = ({ partition: { topic, partition } }: (typeof inputs)[number]): string =>
    `${topic}/${partition}`
  const awaited = inputs.filter(({ mergeWait, isHeld }) => mergeWait?.isAwaited === true && !isHeld)
  if (awaited.length === 0) return []
  return inputs.flatMap((input) => {
    const { records = 0, since = now } = input.mergeWait ?? {}
    if (now - since < stillMs) return []
    return [
      `${records} records of ${nameOf(input)} have waited for a minute to be merged: nothing comes from ` +
        `${awaited.map(nameOf).join(' and ')}, and whether that is its end its broker does not say.`,
    ]
  })
}

function degradedOf({ plan, tasks, breakers }: Worker, now: number): string[] {
  const open = [...breakers.entries()].flatMap(([node, { state }]) =>
    state === 'closed' ? [] : [`What is behind "${node}" of ${plan.name} is away: its circuit is ${state}.`],
  )
  const halted = [...tasks].flatMap(({ inputs }) =>
    inputs.flatMap(({ parking }) => (parking.halt === undefined ? [] : [parking.halt.sentence])),
  )
  return [...open, ...halted, ...[...tasks].flatMap((task) => mergeWaits(task, now))]
}
