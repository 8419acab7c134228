import { parseSemver, type Semver } from './semver.ts'

/** What the name of an .avsc file says. */
export interface SchemaFileName {
  /** The record's name or full name. */
  readonly name: string
  /** As it is written: `1`, `1.0`, `1.0.2`. */
  readonly version: string
  /** The plain count of a `Name.v3.avsc`; absent where there is a `semver`. */
  readonly count?: number
  /** Of `Name.v1.2.avsc` and `Name.v1.2.3.avsc`; PATCH is 0 where it is absent. */
  readonly semver?: Semver
}

// A name has dots of its own, so it ends at the last ".v" that a version follows.
const pattern = /^(.+)\.v(\d[\d.]*)\.avsc$/
const countPattern = /^[1-9]\d{0,5}$/

/** Reads `Name.v{N}.avsc` or `Name.v{MAJOR}.{MINOR}[.{PATCH}].avsc`, MAJOR from 1; undefined for anything else. */
export function parseSchemaFileName(fileName: string): SchemaFileName | undefined {
  const parts = pattern.exec(fileName)
  if (parts === null) return undefined
  const name = parts[1]!
  const version = parts[2]!
  if (countPattern.test(version)) return { name, version, count: Number(version) }
  const semver = parseSemver(version)
  return semver === undefined || semver.major === 0 ? undefined : { name, version, semver }
}

/** The MAJOR that a full name says: 2 for `shop.orders.v2.OrderCreated`; undefined where the namespace ends otherwise. */
export function majorOfName(fullName: string): number | undefined {
  const digits = /(?:^|\.)v([1-9]\d{0,5})\.[^.]+$/.exec(fullName)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
