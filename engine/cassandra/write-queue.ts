import type { TableOutcome } from '../component/contracts/tables.ts'
import { groupRows, type GroupedRow } from './batches.ts'
import type { Requests } from './requests.ts'
import { WriteCall, type EncodedCall } from './write-call.ts'
import { WriteRequest, type WriteContext } from './write-request.ts'
import { WriteWindow } from './write-window.ts'

/** Requests that may be sent, in their order. */
class Waiting {
  #requests: WriteRequest[] = []
  #next = 0

  add(request: WriteRequest): void {
    this.#requests.push(request)
  }

  take(): WriteRequest | undefined {
    const request = this.#requests[this.#next++]
    if (this.#next >= this.#requests.length) {
      this.#requests = []
      this.#next = 0
    }
    return request
  }
}

/** Sends the groups of all calls in turn, those of critical calls first, as many at once as the nodes bear. */
export class WriteQueue {
  readonly #context: WriteContext
  readonly #window: WriteWindow
  readonly #ready = new Waiting()
  readonly #ahead = new Waiting()
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

  /**
   * Sends the rows of a call, `ahead` of those that are not. Rejects with a downstream or fatal error where it fails as
   * a whole.
   */
  run(encoded: EncodedCall, ahead = false): Promise<readonly TableOutcome[]> {
    const rows = encoded.rows.filter((row): row is GroupedRow => row !== undefined)
    const groups = groupRows(encoded.sink, rows)
    return new Promise((resolve, reject) => {
      const call = new WriteCall(encoded, groups.length, ahead, { resolve, reject })
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
    const waiting = request.call.ahead ? this.#ahead : this.#ready
    waiting.add(request)
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
      const request = this.#ahead.take() ?? this.#ready.take()
      if (request === undefined) break
      this.#window.enter()
      request.begin()
    }
    this.#pumping = false
  }
}
