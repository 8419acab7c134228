import { Timetable, type Stretch } from '../../cli/produce/timetable.ts'

/** A stretch of time with one rate. */
export interface Phase extends Stretch {
  readonly name: PhaseName
}

export const phaseNames = ['warm-up', 'normal', 'spike', 'after'] as const
export type PhaseName = (typeof phaseNames)[number]

/** When each event is to be written, and in which phase that is. */
export class Schedule extends Timetable {
  readonly phases: readonly Phase[]

  constructor(phases: readonly Phase[]) {
    super(phases)
    this.phases = phases
  }

  phaseOf(n: number): PhaseName {
    return this.phases[this.stretchOf(n)]!.name
  }

  /** When a phase ends, in seconds from the start. */
  endOf(name: PhaseName): number {
    const index = this.phases.findIndex((phase) => phase.name === name)
    return this.phases.slice(0, index + 1).reduce((sum, { seconds }) => sum + seconds, 0)
  }

  /** The phase at a time in milliseconds from the start; undefined before it, and when all are over. */
  phaseAt(time: number): PhaseName | undefined {
    return time < 0 ? undefined : this.phases.find(({ name }) => time < this.endOf(name) * 1000)?.name
  }
}
