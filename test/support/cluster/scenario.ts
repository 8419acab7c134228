import { randomBytes } from 'node:crypto'
import { startKafka, type KafkaOptions, type KafkaServer } from '../servers/kafka.ts'
import type { EventsPlan } from './events.ts'
import { Proof } from './proof.ts'
import type { ProofOptions } from './setting.ts'
import { verdictOn, type Verdict, type VerdictOptions } from './verdict.ts'

/** How many events a scenario has: its own number, or what MILLRACE_PROOF_EVENTS says for all of them. */
export function eventCount(usual: number): number {
  const asked = Number(process.env['MILLRACE_PROOF_EVENTS'] ?? '')
  return asked > 0 ? asked : usual
}

/** A limit that grows with what MILLRACE_PROOF_EVENTS asks for, milliseconds: a hang is a failure, slowness is not. */
export const patienceMs = 360_000 + eventCount(0) * 3

/** A cluster that notices a dead member within three seconds, and a transaction that is over its time within one. */
export function startProofKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  return startKafka({
    name: 'proof',
    ...options,
    properties: {
      'group.consumer.session.timeout.ms': 3000,
      'group.consumer.heartbeat.interval.ms': 500,
      'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
      ...options.properties,
    },
  })
}

/** A scenario: what is proved, what happens, and how it is judged. */
export interface Scenario extends Omit<ProofOptions, 'bootstrap' | 'name' | 'events'> {
  readonly seed: number
  readonly events: number
  /** What else is said about the events. */
  readonly plan?: Pick<EventsPlan, 'bad' | 'garbage' | 'duplicates' | 'keys'>
  /** With a mutant (mutants.ts) in all workers. */
  readonly mutant?: string | undefined
  /** Does what is to be survived; afterwards everything is committed, and all workers have ended. Says what to judge. */
  readonly story: (proof: Proof) => Promise<VerdictOptions | void>
}

/** Plays a scenario and judges it. Where something is wrong, the folder with logs and effects stays, and is named. */
export async function play(kafka: { readonly bootstrap: string }, scenario: Scenario): Promise<Verdict> {
  const { seed, events, plan, story, ...options } = scenario
  // Early enough that nothing lies in the future, late enough that no row has outlived its time.
  const from = Date.now() - 11 * 3600_000
  const proof = await Proof.open({
    ...options,
    bootstrap: kafka.bootstrap,
    name: `proof-${randomBytes(4).toString('hex')}`,
    events: { seed, count: events, from, ...plan },
  })
  let keep = true
  try {
    proof.watch()
    const judged = (await story(proof)) ?? {}
    const verdict = await verdictOn(proof, {
      exactlyOnce: options.delivery === 'exactly-once',
      ...judged,
    })
    keep = verdict.wrong.length > 0 && options.mutant === undefined
    return verdict
  } finally {
    if (keep) console.error(`seed ${seed}: logs and effects are in ${proof.folder}`)
    await proof.close({ keep })
  }
}

/**
 * A last worker that works until everything is committed. (A worker that runs until its end would not do: it ends with
 * the partitions that it has, and those of the dead may still be theirs.)
 */
export async function finish(proof: Proof): Promise<void> {
  const worker = proof.workers.start()
  await proof.untilCommitted(1, patienceMs)
  const { code } = await worker.stop()
  if (code !== 0) throw new Error(`The last worker ended with ${code}: ${worker.said.slice(-2000)}`)
}

/** A worker that goes to its end, with letters that were released: where no dead worker has partitions any more. */
export async function goToEnd(proof: Proof): Promise<void> {
  const worker = proof.workers.start({ untilEnd: true })
  const { code } = await worker.exited
  if (code !== 0) throw new Error(`A worker ended with ${code}: ${worker.said.slice(-2000)}`)
}

/** A worker that dies at a point; false if it came to the end first. What it has left behind is judged. */
export async function dieAt(proof: Proof, point: string, at = 1, slot = 1): Promise<boolean> {
  const worker = proof.workers.start({ point, at, slot, untilEnd: true })
  const { killed, code } = await worker.exited
  await proof.judgeCut()
  if (!killed && code !== 0) throw new Error(`A worker ended with ${code}: ${worker.said.slice(-2000)}`)
  return killed
}
