import { fatalError } from '../errors.ts'
import { stepsOf } from './migration-steps.ts'
import type { Builder, CqlFile, MigrationStep } from './migration-steps.ts'
import type { Catalogue } from './schema.ts'

export type { CqlFile } from './migration-steps.ts'

/** One migration: a file with its statements. */
export interface Migration {
  readonly version: number
  /** What the file is called behind its number. */
  readonly name: string
  readonly path: string
  readonly steps: readonly MigrationStep[]
}

/** All migrations, and what they lead to. */
export interface Migrations {
  readonly migrations: readonly Migration[]
  readonly catalogue: Catalogue
}

/**
 * Reads the numbered migrations `0001-name.cql`, `0002-….cql` in the order of their numbers and says which tables there
 * are after the last. Throws CQL_MIGRATIONS_INVALID for a gap, a number used twice, or a table created twice; CQL_SYNTAX
 * and CQL_UNSUPPORTED with file, line and column.
 */
export function loadMigrations(files: readonly CqlFile[]): Catalogue {
  return readMigrations(files).catalogue
}

/** The same with the statements of each file. */
export function readMigrations(files: readonly CqlFile[]): Migrations {
  const catalogue: Builder = { tables: new Map(), keyspaces: [] }
  const migrations = inOrder(files).map(({ file, version, name }): Migration => ({
    version,
    name,
    path: file.path,
    steps: [...stepsOf(file, catalogue)],
  }))
  return { migrations, catalogue }
}

interface Numbered {
  readonly file: CqlFile
  readonly version: number
  readonly name: string
}

function inOrder(files: readonly CqlFile[]): Numbered[] {
  const numbered = files.map(numberOf).sort((a, b) => a.version - b.version)
  for (const [index, { file, version }] of numbered.entries()) {
    const before = numbered[index - 1]
    if (before?.version === version) {
      throw invalid(
        `${file.path}: the number ${version} belongs to ${before.file.path} too: give the newer one the next free number.`,
      )
    }
    if (version !== index + 1) {
      throw invalid(
        `${file.path}: the migration number ${index + 1} is missing before it: migrations are numbered from 1 without gaps.`,
      )
    }
  }
  return numbered
}

function numberOf(file: CqlFile): Numbered {
  const base = file.path.slice(file.path.lastIndexOf('/') + 1)
  const found = /^(\d{4,})-([a-z0-9][\w-]*)\.cql$/i.exec(base)
  if (found === null) {
    throw invalid(
      `${file.path}: a migration is named like 0001-audit-tables.cql, with its number in front: rename it.`,
    )
  }
  return { file, version: Number(found[1]), name: found[2] ?? '' }
}

function invalid(sentence: string): Error {
  return fatalError('CQL_MIGRATIONS_INVALID', sentence)
}
