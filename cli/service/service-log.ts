import type { RequestLine } from '../../engine/http/service.ts'
import type { Identity } from '../../engine/access/identity.ts'
import type { ActFacts } from '../letters/audit.ts'

/** What came of an act, or of asking for one. */
export interface ActLine extends Pick<ActFacts, 'act' | 'topology' | 'topic'> {
  /** In `millrace.acts`; undefined where it was refused. */
  readonly id: string | undefined
  readonly by: string
  readonly from: string | undefined
  readonly requestId: string
  readonly result: 'done' | 'stopped' | 'refused' | 'failed'
  readonly letters: number
  /** Why it was refused, or how it failed. */
  readonly sentence?: string
}

/** Lines of JSON, one for each request and one for each act. None is held back, and none has keys or values of records. */
export class ServiceLog {
  readonly #write: (line: string) => void

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  request({ who, ...line }: RequestLine): void {
    this.#line('request', { ...line, ...(who && { by: nameOf(who) }) })
  }

  act(line: ActLine): void {
    this.#line('act', { ...line })
  }

  #line(message: 'request' | 'act', fields: Readonly<Record<string, unknown>>): void {
    this.#write(JSON.stringify({ time: new Date().toISOString(), level: 'info', message, ...fields }))
  }
}

/** Somebody's name, with what it was proved by. */
export function nameOf({ kind, id, name }: Pick<Identity, 'kind' | 'id' | 'name'>): string {
  return kind === 'open' ? name : `${name} (${kind} ${id})`
}
