import { Latencies } from '../cluster/latencies.ts'
import type { PhaseName } from './schedule.ts'

/** When an event was to be written, and in which phase that was. */
export interface Due {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly phase: PhaseName
}

/** What somebody outside can see of an event. */
export const effectNames = ['notification', 'low-stock alert', 'order', 'stock'] as const
export type EffectName = (typeof effectNames)[number]

export const effectTitles: Readonly<Record<EffectName, string>> = {
  notification: 'notification, read from `business.notifications.requested`',
  'low-stock alert': 'alert, read from `business.inventory.low-stock`',
  order: 'row of the order, read from `orders` (a sample)',
  stock: 'row of the product, read from `stock` (a sample)',
}

/** Percentiles in milliseconds. */
export type Summary = ReturnType<Latencies['summary']>

/** How long it took until effects could be seen, by phase. */
export class Effects {
  readonly #latencies = new Map<string, Latencies>()

  /** An effect of an event was seen at `at`, milliseconds since 1970. */
  seen(effect: EffectName, { at: due, phase }: Due, at: number): void {
    const name = `${effect} ${phase}`
    let latencies = this.#latencies.get(name)
    if (latencies === undefined) this.#latencies.set(name, (latencies = new Latencies(0)))
    latencies.add(at - due)
  }

  summary(effect: EffectName, phase: PhaseName): Summary | undefined {
    return this.#latencies.get(`${effect} ${phase}`)?.summary()
  }
}
