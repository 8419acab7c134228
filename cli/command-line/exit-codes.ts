import type { MillraceError } from '../../engine/errors.ts'

/** What the exit codes mean, wherever a command does not say more. */
export const exitCodes = {
  0: 'done, and nothing to complain about',
  1: 'something is wrong: refused, different, not found, failed, or stopped before its end',
  2: 'the command line is wrong',
  3: 'nothing is wrong, but something is left to be done or looked at',
  4: 'a server is away or did not answer in time: nothing is known to be wrong, so try again later',
} as const

/** What a command line answers with. */
export type ExitCode = keyof typeof exitCodes

/** What some of the codes mean for one command. */
export type ExitMeanings = Readonly<Partial<Record<ExitCode, string>>>

/** The exit code of a command that ends with this error. */
export function exitCodeOf({ code, kind }: Pick<MillraceError, 'code' | 'kind'>): ExitCode {
  if (code === 'USAGE') return 2
  return kind === 'downstream' ? 4 : 1
}

/** The codes of a command, in order, each with what it means there. `remote`: whether it may talk to servers. */
export function exitRows(own: ExitMeanings, remote: boolean): (readonly [ExitCode, string])[] {
  const codes = [0, 1, 2, 3, 4] as const
  const general = (code: ExitCode): boolean => code < 3 || (code === 4 && remote)
  return codes
    .filter((code) => own[code] !== undefined || general(code))
    .map((code) => [code, own[code] ?? exitCodes[code]])
}
