import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../engine/component/contracts/clock.ts'
import type { StateBlock, StoreRef, TaskRef } from '../engine/component/contracts/commit.ts'
import { plainRecord } from '../engine/component/packed-records.ts'
import type { HeldLetter, HeldRecord, Place } from '../engine/testing/place.ts'
import { openKeys, type OpenLetter, type ParkedTopic } from './parked-letters.ts'
import type { Project } from './project.ts'
import { openProject } from './project.ts'
import { showValue } from './stored-value.ts'

/** A place for one case: an embedded store of its own, which is gone when the place is closed. */
export async function openEmbeddedPlace(
  project: { readonly cwd: string; readonly topology: string; readonly project: string | undefined },
  clock: Clock,
): Promise<Place> {
  const store = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const opened = await openProject({ ...project, store, clock })
  opened.acquireWorkerLock()
  return new EmbeddedPlace(opened, store, clock)
}

class EmbeddedPlace implements Place {
  readonly environment: Place['environment']
  readonly #project: Project
  readonly #folder: string
  readonly #clock: Clock

  constructor(project: Project, folder: string, clock: Clock) {
    this.#project = project
    this.#folder = folder
    this.#clock = clock
    this.environment = {
      clock,
      log: project.log,
      tables: project.tables,
      schemas: project.schemas,
      join: (request) => project.join(request),
      notes: (group, node) => project.notes(group, node),
      print: () => undefined,
    }
  }

  async records(topic: string): Promise<HeldRecord[] | undefined> {
    const { log } = this.#project
    const found: HeldRecord[] = []
    const partitions = await log.partitionsOf(topic)
    if (partitions === undefined) return undefined
    for (let partition = 0; partition < partitions; partition++) {
      const { first, end } = await log.bounds({ topic, partition })
      for (let next = first; next < end;) {
        const { records, next: after } = await log.fetch({ topic, partition }, next, 1000)
        for (let row = 0; row < records.count; row++)
          found.push({ ...plainRecord(records, row), partition, offset: records.offsets[row]! })
        if (after <= next) break
        next = after
      }
    }
    return found
  }

  async state(task: TaskRef, store: StoreRef): Promise<StateBlock[]> {
    const blocks: StateBlock[] = []
    const copy = (block: StateBlock): void => {
      blocks.push({ ...block, bytes: block.bytes.slice() })
    }
    await this.#project.embedded.backend.restore(task, [store], copy)
    return blocks
  }

  rows(table: string): Promise<Readonly<Record<string, unknown>>[]> {
    return Promise.resolve([...this.#project.storedTables.dump(table)])
  }

  async letters(group: string, topic: string): Promise<HeldLetter[]> {
    const letters = await this.#open(group, topic)
    return letters.map(({ key, info, asked }) => ({ key, info, asked: asked !== undefined }))
  }

  async #open(group: string, topic: string): Promise<OpenLetter[]> {
    const { parkedTopic } = await import('../engine/runtime/letters.ts')
    const name = parkedTopic(group, topic)
    const partitions = (await this.#project.log.partitionsOf(name)) ?? 0
    const parked: ParkedTopic = { name, group, topic, partitions }
    const keys = await openKeys(this.#project, parked)
    const letters = keys.flatMap((one) => one.letters)
    return letters.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  }

  async command(group: string, topic: string, key: string, act: 'release' | 'discard'): Promise<boolean> {
    const { encodeCommand } = await import('../engine/runtime/letters.ts')
    const bytes = Buffer.from(key)
    const meant = (await this.#open(group, topic)).find((letter) => letter.key?.equals(bytes) === true)
    if (meant === undefined) return false
    const record = encodeCommand({ act, at: this.#clock.now() }, bytes)
    await this.#project.log.append([{ ...record, topic: meant.parked.name, partition: meant.partition }])
    return true
  }

  async decode(value: Uint8Array): Promise<unknown> {
    return (await showValue(this.#project, value)).value
  }

  async close(): Promise<void> {
    await this.#project.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
