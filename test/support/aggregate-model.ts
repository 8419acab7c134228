import type { WindowSpec } from '../../engine/component/operators/aggregate/windows.ts'

/** A record as the models see it. */
export interface Point {
  readonly key: string
  readonly time: number
  readonly amount: number
}

/**
 * What must have come of some records: the amounts of each window, in order, by `from|key` (sessions: `from-to|key`, as
 * several may begin at the same time); and which were late.
 */
export interface Expected {
  readonly windows: Map<string, { readonly to: number; amounts: number[] }>
  readonly late: Set<number>
  readonly streamTime: number
}

/** How the model names a window. */
export function windowName(
  { kind }: WindowSpec,
  from: number | undefined,
  to: number | null | undefined,
  key: string,
): string {
  return `${from ?? ''}${kind === 'session' ? `-${to}` : ''}|${key}`
}

/** Works out the windows of records in the plainest way there is: over and over again, from lists. */
export function expectedOf(spec: WindowSpec, points: readonly Point[]): Expected {
  switch (spec.kind) {
    case 'none':
      return forever(points)
    case 'hopping':
      return hopping(spec, points)
    case 'session':
      return sessions(spec, points)
    case 'sliding':
      return sliding(spec, points)
  }
}

function forever(points: readonly Point[]): Expected {
  const windows: Expected['windows'] = new Map()
  for (const key of new Set(points.map((point) => point.key))) {
    const amounts = points.filter((point) => point.key === key).map(({ amount }) => amount)
    windows.set(`|${key}`, { to: Number.POSITIVE_INFINITY, amounts })
  }
  return { windows, late: new Set(), streamTime: timeAt(points, points.length - 1) }
}

/** Stream time when the record at `n` has come. */
function timeAt(points: readonly Point[], n: number): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...points.slice(0, n + 1).map(({ time }) => time))
}

function hopping(spec: WindowSpec & { kind: 'hopping' }, points: readonly Point[]): Expected {
  const windows: Expected['windows'] = new Map()
  const late = new Set<number>()
  for (const [n, { key, time, amount }] of points.entries()) {
    const now = timeAt(points, n)
    let taken = false
    for (
      let from = Math.floor((time - spec.size) / spec.every) * spec.every;
      from <= time;
      from += spec.every
    ) {
      const to = from + spec.size
      if (from > time || time >= to || now >= to + spec.grace) continue
      taken = true
      const window = windows.get(`${from}|${key}`) ?? { to, amounts: [] }
      window.amounts.push(amount)
      windows.set(`${from}|${key}`, window)
    }
    if (!taken) late.add(n)
  }
  return { windows, late, streamTime: timeAt(points, points.length - 1) }
}

function sessions(spec: WindowSpec & { kind: 'session' }, points: readonly Point[]): Expected {
  let all: { readonly key: string; readonly members: readonly number[] }[] = []
  const late = new Set<number>()
  const at = (n: number): number => points[n]!.time
  for (const [n, { key, time }] of points.entries()) {
    const now = timeAt(points, n)
    const isOver = (last: number): boolean => last + spec.gap + spec.grace < now
    const touched = all
      .filter((one) => one.key === key && !isOver(Math.max(...one.members.map(at))))
      .filter(({ members }) => members.some((member) => Math.abs(at(member) - time) <= spec.gap))
      .sort((a, b) => Math.min(...a.members.map(at)) - Math.min(...b.members.map(at)))
    if (touched.length === 0 && isOver(time)) {
      late.add(n)
      continue
    }
    all = all.filter((one) => !touched.includes(one))
    all.push({ key, members: [...touched.flatMap(({ members }) => members), n] })
  }
  const windows: Expected['windows'] = new Map()
  for (const { key, members } of all) {
    const times = members.map(at)
    windows.set(windowName(spec, Math.min(...times), Math.max(...times), key), {
      to: Math.max(...times),
      amounts: members.map((n) => points[n]!.amount),
    })
  }
  return { windows, late, streamTime: timeAt(points, points.length - 1) }
}

function sliding(spec: WindowSpec & { kind: 'sliding' }, points: readonly Point[]): Expected {
  const windows: Expected['windows'] = new Map()
  const late = new Set<number>()
  const taken: Point[] = []
  for (const [n, point] of points.entries()) {
    const now = timeAt(points, n)
    if (point.time + spec.size + spec.grace < now) {
      late.add(n)
      continue
    }
    taken.push(point)
    const own = taken.filter(({ key }) => key === point.key)
    for (const from of own.flatMap(({ time }) => [time - spec.size, time + 1])) {
      const to = from + spec.size
      const amounts = own.filter(({ time }) => time >= from && time <= to).map(({ amount }) => amount)
      if (to + spec.grace >= now && amounts.length > 0) windows.set(`${from}|${point.key}`, { to, amounts })
    }
  }
  return { windows, late, streamTime: timeAt(points, points.length - 1) }
}
