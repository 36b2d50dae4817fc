import { createHash, randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '@gait/engine/base/assert';
import type { Tokens } from '../ingest/tokens.ts';
import { networkPrefix } from '../ingest/tokens.ts';
import { Fields } from './parse.ts';
import { guarded, openDatabase } from './sqlite/database.ts';

/** Values kept in memory so that busy ones are not looked up on disk: about 10 MB. Long unused ones go first. */
export const PSEUDONYMS_CACHED_MAX = 65_536;
/** Rows in the table: about 1.5 GB. A million people and every IPv4 network seen fit; a flood of names does not. */
export const PSEUDONYMS_MAX = 8_388_608;
/** Bytes of a stored value. Longer ones (nobody's name) are cut and end in their hash, so that they stay distinct. */
export const PSEUDONYM_BYTES_MAX = 512;
/** Reveals given in one answer: more than anybody reads; the table keeps all. */
export const REVEALS_LISTED_MAX = 1_000;

/** A token has 64 random bits; two new ones alike in a full table happen once in ten thousand tables. */
const DRAWS_MAX = 4;
/** 16 zeros: given to all newcomers when the table is full. */
const OVERFLOW = '0'.repeat(16);

type Kind = 'person' | 'net';

/** Somebody looked behind a token. */
export interface Reveal {
  readonly atMs: number;
  readonly who: string;
  readonly token: string;
  /** False when the token is unknown or forgotten. */
  readonly found: boolean;
}

/** What the table needs besides its file. */
export interface PseudonymOptions {
  /** Clock for the log of reveals, ms. */
  readonly now?: () => number;
  /** At most this many rows; for tests. */
  readonly rowsMax?: number;
}

/**
 * The table that turns people and networks into random tokens, for good: the only place where a token leads back to a
 * value. Deleting a row forgets the value; seen again, it gets a new token that has nothing in common with the old.
 *
 * A new token survives the death of the process when it is returned, and loss of power after `flush`, which the writer
 * of the log calls before it appends (free when nothing is new). A token that was lost to a power failure costs one
 * stranger in the baselines, never a leak. When the table is full newcomers share one token, counted in `overflowed`;
 * those inside keep theirs. Costs: known value 0.2 µs from memory, 5 µs from disk; new value 30 µs.
 */
export class Pseudonyms implements Tokens {
  /** Values that got the shared token because the table is full. */
  overflowed = 0;
  epoch = 0;
  readonly #database: DatabaseSync;
  readonly #now: () => number;
  readonly #rowsMax: number;
  readonly #cached = new RecentTokens(PSEUDONYMS_CACHED_MAX);
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  #rows: number;
  #unsynced = false;

  /** Use `openPseudonyms`. */
  constructor(database: DatabaseSync, options: PseudonymOptions) {
    this.#database = database;
    this.#now = options.now ?? Date.now;
    this.#rowsMax = options.rowsMax ?? PSEUDONYMS_MAX;
    this.#find = database.prepare('SELECT token FROM pseudonyms WHERE kind = ? AND value = ?');
    this.#insert = database.prepare('INSERT OR IGNORE INTO pseudonyms (kind, value, token) VALUES (?, ?, ?)');
    this.#rows = Fields.of(database.prepare('SELECT count(*) AS rows FROM pseudonyms').get(), 'pseudonyms').number(
      'rows',
    );
  }

  person(value: string): string {
    return value === '' ? '' : this.#token('person', storable(value));
  }

  network(address: string): string {
    const prefix = networkPrefix(address);
    return prefix === '' ? '' : this.#token('net', prefix);
  }

  /** What a token stands for; undefined when unknown or forgotten. The attempt is on record before the answer is given. */
  reveal(token: string, who: string): string | undefined {
    assert(who !== '', 'a reveal is somebody’s');
    return guarded(() => {
      const row = this.#database.prepare('SELECT value FROM pseudonyms WHERE token = ?').get(token);
      const found = row === undefined ? 0 : 1;
      this.#database
        .prepare('INSERT INTO reveals (at_ms, who, token, found) VALUES (?, ?, ?, ?)')
        .run(Math.floor(this.#now()), who, token, found);
      this.#sync();
      return row === undefined ? undefined : Fields.of(row, 'pseudonyms').text('value');
    });
  }

  /** Who looked behind which token, newest first. */
  reveals(): readonly Reveal[] {
    return guarded(() => {
      const sql = 'SELECT at_ms, who, token, found FROM reveals ORDER BY rowid DESC LIMIT ?';
      const rows = this.#database
        .prepare(sql)
        .all(REVEALS_LISTED_MAX)
        .map((row) => Fields.of(row, 'reveals'));
      return rows.map((row) => ({
        atMs: row.number('at_ms'),
        who: row.text('who'),
        token: row.text('token'),
        found: row.number('found') === 1,
      }));
    });
  }

  /**
   * Deletes what a token stands for, on disk too: the freed space is overwritten and the write-ahead file emptied (a
   * reader that is just then busy can delay that to the next checkpoint). False when the token is unknown.
   */
  forget(token: string): boolean {
    return guarded(() => {
      const { changes } = this.#database.prepare('DELETE FROM pseudonyms WHERE token = ?').run(token);
      this.#rows -= Number(changes);
      this.#cached.clear();
      this.epoch++;
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      return changes !== 0;
    });
  }

  /** Makes the tokens given so far survive loss of power: one sync if any is new, nothing otherwise. */
  flush(): void {
    if (this.#unsynced) guarded(() => this.#sync());
  }

  /** May be called twice. */
  close(): void {
    if (!this.#database.isOpen) return;
    this.flush();
    guarded(() => this.#database.close());
  }

  #token(kind: Kind, value: string): string {
    const name = `${kind}_${value}`;
    const known = this.#cached.get(name);
    if (known !== undefined) return known;
    const token = guarded(() => this.#stored(kind, value) ?? this.#created(kind, value));
    if (token.endsWith(OVERFLOW)) return token;
    this.#cached.set(name, token);
    return token;
  }

  #stored(kind: Kind, value: string): string | undefined {
    const row = this.#find.get(kind, value);
    return row === undefined ? undefined : Fields.of(row, 'pseudonyms').text('token');
  }

  #created(kind: Kind, value: string): string {
    if (this.#rows >= this.#rowsMax) {
      this.overflowed += 1;
      return `${kind}_${OVERFLOW}`;
    }
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const token = `${kind}_${randomBytes(8).toString('hex')}`;
      if (token.endsWith(OVERFLOW)) continue;
      if (this.#insert.run(kind, value, token).changes !== 0) {
        this.#rows += 1;
        this.#unsynced = true;
        return token;
      }
      // Ignored: another process has just added this value, or the token is taken.
      const theirs = this.#stored(kind, value);
      if (theirs !== undefined) return theirs;
    }
    assert(false, 'random tokens are all taken: the random source is broken');
  }

  /**
   * A commit in this mode is only handed to the operating system; a fully synced one carries all before it to the disk.
   * It has to change something: SQLite does not write a page whose bytes stay the same.
   */
  #sync(): void {
    this.#database.exec('PRAGMA synchronous = FULL');
    try {
      this.#database.exec('UPDATE flushes SET count = count + 1');
      this.#unsynced = false;
    } finally {
      this.#database.exec('PRAGMA synchronous = NORMAL');
    }
  }
}

/**
 * Recently used tokens in two generations: when the young one is half the limit, it becomes the old one and the old one
 * is dropped. (Moving an entry to the end of one Map at each use would be exact, but a Map keeps a deleted entry in its
 * chain: the busiest key then costs tens of microseconds.)
 */
class RecentTokens {
  readonly #half: number;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  constructor(limit: number) {
    this.#half = Math.floor(limit / 2);
  }

  get(name: string): string | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  set(name: string, token: string): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, token);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}

/** Opens the pseudonym table in the store's file at `path` (`:memory:` for one that vanishes). Throws `StoreError`. */
export function openPseudonyms(path: string, options: PseudonymOptions = {}): Pseudonyms {
  return new Pseudonyms(openDatabase(path, 'process'), options);
}

/** Valid Unicode of bounded length. */
function storable(value: string): string {
  const text = value.toWellFormed();
  if (Buffer.byteLength(text) <= PSEUDONYM_BYTES_MAX) return text;
  const start = text.slice(0, PSEUDONYM_BYTES_MAX / 4).toWellFormed();
  return `${start}#${createHash('sha256').update(text).digest('hex')}`;
}
