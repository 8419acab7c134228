import type { WriteOptions } from '../component/contracts/log.ts'
import type { TableOutcome } from '../component/contracts/tables.ts'
import { groupRows, type GroupedRow } from './batches.ts'
import type { Requests } from './requests.ts'
import { Turns } from './turns.ts'
import { WriteCall, type EncodedCall } from './write-call.ts'
import { WriteRequest, type WriteContext } from './write-request.ts'
import { WriteWindow } from './write-window.ts'

/** Sends the groups of all calls, their writers in turn (`Turns`), as many at once as the nodes bear (`WriteWindow`). */
export class WriteQueue {
  readonly #context: WriteContext
  readonly #window: WriteWindow
  readonly #turns = new Turns<WriteRequest>()
  #pumping = false

  constructor(requests: Requests, inFlight?: number) {
    this.#window = new WriteWindow(inFlight)
    const done = (request: WriteRequest): void => this.#done(request)
    this.#context = { requests, window: this.#window, done }
  }

  /** Requests that may be under way at present. */
  get window(): number {
    return this.#window.size
  }

  /** Requests that are under way. */
  get underWay(): number {
    return this.#window.used
  }

  /** Requests of a writer that wait for a place. */
  waiting(writer: string): number {
    return this.#turns.waiting(writer)
  }

  /** Sends the rows of a call. Rejects with a downstream or fatal error where it fails as a whole. */
  run(encoded: EncodedCall, options: WriteOptions = {}): Promise<readonly TableOutcome[]> {
    const rows = encoded.rows.filter((row): row is GroupedRow => row !== undefined)
    const groups = groupRows(encoded.sink, rows)
    return new Promise((resolve, reject) => {
      const call = new WriteCall(encoded, groups.length, options, { resolve, reject })
      if (groups.length === 0) return resolve(call.outcomes)
      const requests = new Map(groups.map((group) => [group, new WriteRequest(call, group, this.#context)]))
      for (const request of requests.values()) {
        request.followers = request.group.followers.map((group) => requests.get(group)!)
        if (request.group.waits === 0) this.#wait(request)
      }
      this.#pump()
    })
  }

  #wait(request: WriteRequest): void {
    const { writer, ahead } = request.call
    this.#turns.add(writer, ahead, request)
  }

  #done(request: WriteRequest): void {
    this.#window.leave()
    for (const follower of request.followers) if (--follower.group.waits === 0) this.#wait(follower)
    request.call.groupDone()
    this.#pump()
  }

  /** Not from within itself: a request of a call that has failed is done within `begin`. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    while (this.#window.isOpen) {
      const request = this.#turns.take()
      if (request === undefined) break
      this.#window.enter()
      request.start()
    }
    this.#pumping = false
  }
}
