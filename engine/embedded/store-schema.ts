/** `MILR`, in the header of every store: tells it from the database of another program. */
export const storeApplicationId = 0x4d_49_4c_52

/** The format of the store. A reader knows its own version and those before it. */
export const storeFormat = 1

/**
 * The tables of the store. All names begin with `millrace_`; other names belong to the tables of the migrations.
 *
 * - blocks: one row for each appended run of records of a partition. The large column is last, so that the others are
 *   read without it.
 * - state: blocks of state stores; rows of a level above 0 hold several (state-merge.ts).
 * - expiry: state blocks that may go (bucket below `below`, id up to `upto`), deleted step by step.
 * - commits: what each backend of the worker committed last, written in the same transaction.
 */
export const storeSchema = `
CREATE TABLE millrace_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE millrace_topics (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, retention_ms REAL
) STRICT;
CREATE TABLE millrace_partitions (
  id INTEGER PRIMARY KEY, topic INTEGER NOT NULL, partition INTEGER NOT NULL,
  first INTEGER NOT NULL, next INTEGER NOT NULL, UNIQUE (topic, partition)
) STRICT;
CREATE TABLE millrace_blocks (
  id INTEGER PRIMARY KEY, partition_id INTEGER NOT NULL, base INTEGER NOT NULL, last INTEGER NOT NULL,
  count INTEGER NOT NULL, bytes INTEGER NOT NULL, max_timestamp REAL NOT NULL,
  format INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX millrace_blocks_last ON millrace_blocks (partition_id, last);
CREATE TABLE millrace_positions (
  group_name TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  offset INTEGER NOT NULL, metadata TEXT NOT NULL, PRIMARY KEY (group_name, topic, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE millrace_groups (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE millrace_subscriptions (
  group_name TEXT NOT NULL, topic TEXT NOT NULL, PRIMARY KEY (group_name, topic)
) STRICT, WITHOUT ROWID;
CREATE TABLE millrace_state (
  id INTEGER PRIMARY KEY, task TEXT NOT NULL, store TEXT NOT NULL, bucket INTEGER NOT NULL,
  crc INTEGER NOT NULL, level INTEGER NOT NULL DEFAULT 0, bytes BLOB NOT NULL
) STRICT;
CREATE INDEX millrace_state_order ON millrace_state (task, store);
CREATE INDEX millrace_state_bucket ON millrace_state (task, store, bucket);
CREATE TABLE millrace_expiry (
  task TEXT NOT NULL, store TEXT NOT NULL, below INTEGER NOT NULL, upto INTEGER NOT NULL,
  PRIMARY KEY (task, store)
) STRICT, WITHOUT ROWID;
CREATE TABLE millrace_notes (
  group_name TEXT NOT NULL, node TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (group_name, node, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE millrace_commits (
  backend INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL
) STRICT;
`
