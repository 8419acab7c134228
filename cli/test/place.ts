import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../engine/component/contracts/clock.ts'
import type { StateBlock, StoreRef, TaskRef } from '../../engine/component/contracts/commit.ts'
import type { Place, Places } from '../../engine/testing/place.ts'
import type { LetterCommand } from '../../engine/runtime/letters.ts'
import { HeldTopics } from '../positions/held-topics.ts'
import type { Project } from '../project/project.ts'
import { openProject } from '../project/project.ts'
import { showValue } from '../terminal/stored-value.ts'
import { versionsOf } from './versions.ts'

/** Whose cases are run. */
export interface PlaceOptions {
  readonly cwd: string
  readonly topology: string
  readonly project: string | undefined
}

/**
 * Embedded stores, one for each case, which are gone when the case is over. `anew`: each life of the worker opens the store's
 * files anew, as a process that begins after another one was killed does.
 */
export function embeddedPlaces(options: PlaceOptions, anew: boolean): Places {
  return {
    limits: [],
    open: (clock) => EmbeddedPlace.open(options, clock, anew),
    close: () => Promise.resolve(),
  }
}

class EmbeddedPlace implements Place {
  readonly #open: () => Promise<Project>
  readonly #folder: string
  readonly #clock: Clock
  readonly #anew: boolean
  #project: Project
  #lives = 0

  private constructor(
    open: () => Promise<Project>,
    project: Project,
    folder: string,
    clock: Clock,
    anew: boolean,
  ) {
    this.#open = open
    this.#project = project
    this.#folder = folder
    this.#clock = clock
    this.#anew = anew
  }

  static async open(options: PlaceOptions, clock: Clock, anew: boolean): Promise<Place> {
    const store = mkdtempSync(join(tmpdir(), 'millrace-test-'))
    const open = async (): Promise<Project> => {
      const project = await openProject({ ...options, store, clock })
      project.acquireWorkerLock()
      return project
    }
    return new EmbeddedPlace(open, await open(), store, clock, anew)
  }

  get environment(): Place['environment'] {
    const project = this.#project
    return {
      clock: this.#clock,
      log: project.log,
      tables: project.tables,
      schemas: project.schemas,
      join: (request) => project.join(request),
      notes: (group, node) => project.notes(group, node),
      print: () => undefined,
    }
  }

  async begins(): Promise<void> {
    if (!this.#anew || this.#lives++ === 0) return
    await this.#project.close()
    this.#project = await this.#open()
  }

  records(topic: string): ReturnType<Place['records']> {
    return this.#topics.records(topic)
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

  letters(group: string, topic: string): ReturnType<Place['letters']> {
    return this.#topics.letters(group, topic)
  }

  command(group: string, topic: string, key: string, act: LetterCommand['act']): Promise<boolean> {
    return this.#topics.command(group, topic, key, act)
  }

  versions(...names: Parameters<Place['versions']>): ReturnType<Place['versions']> {
    return versionsOf(this.#project, names)
  }

  async decode(value: Uint8Array): Promise<unknown> {
    return (await showValue(this.#project, value)).value
  }

  async close(): Promise<void> {
    await this.#project.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #topics(): HeldTopics {
    return new HeldTopics(this.#project.log, this.#clock)
  }
}
