import { timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../sqlite.ts';
import {
  type Access,
  AccessError,
  type Grant,
  RECORDS_PER_SECOND_DEFAULT,
  type Refused,
  ROLES,
  type Role,
  type TokenRecord,
} from './access.ts';
import { Bucket } from './bucket.ts';
import { LOOK_EVERY_MS, TOKENS_MAX } from './limits.ts';
import { KeySet } from './patterns.ts';
import { requireSound } from './sound.ts';
import { guarded, openTokenFile } from './token-file.ts';
import { digestOf, idOf, newToken } from './token-text.ts';

/** Where the time comes from; tests bring their own. */
export interface AccessClock {
  /** Wall clock, ms since 1970. */
  nowMs(): number;
  /** A clock that never goes back, ms. */
  elapsedMs(): number;
}

/** Access with what only the start of a server needs. */
export interface OpenedAccess extends Access {
  /** How often what was presented was refused, by reason, since the start. */
  readonly refused: Readonly<Record<Refused, number>>;
  /**
   * At the first start makes a token of role `admin` and gives its text, which must be shown to whoever starts the
   * server; later undefined, even if every such token was revoked: `gait token create` makes another.
   */
  ensureAdministrator(): string | undefined;
}

/** What is asked for when a token is made. */
type Asked = Parameters<Access['create']>[0];

/** A token in memory. Its rate limit and answers outlive a reading of the file. */
interface Held {
  readonly record: TokenRecord;
  readonly digest: Uint8Array;
  readonly bucket: Bucket;
  readonly keys: KeySet;
}

/** Compared with when there is no such id, so that a wrong id takes as long as a wrong secret. */
const NOBODY = Buffer.alloc(32);

/**
 * Opens the tokens in the file at `path`, or makes it. Works beside other processes, which see changes within a second.
 * Rate limits are those of this process. A check costs about 3 µs. Throws `AccessError`.
 */
export function openAccess(path: string, clock: AccessClock = SYSTEM_CLOCK): OpenedAccess {
  return new SqliteAccess(openTokenFile(path), clock);
}

const SYSTEM_CLOCK: AccessClock = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };

class SqliteAccess implements OpenedAccess {
  readonly refused: Record<Refused, number> = { absent: 0, unknown: 0, expired: 0, revoked: 0 };
  readonly #database: DatabaseSync;
  readonly #clock: AccessClock;
  #held: ReadonlyMap<string, Held> = new Map();
  #version: unknown;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(database: DatabaseSync, clock: AccessClock) {
    this.#database = database;
    this.#clock = clock;
    this.#look();
  }

  check(presented: string | undefined): Grant | { readonly refused: Refused } {
    const answer = this.#answer(presented);
    if ('refused' in answer) this.refused[answer.refused]++;
    return answer;
  }

  create(asked: Asked): { readonly record: TokenRecord; readonly secret: string } {
    const nowMs = this.#clock.nowMs();
    requireSound(asked, nowMs);
    return this.#change(() => this.#insert(asked, nowMs));
  }

  list(): readonly TokenRecord[] {
    this.#look(true);
    return [...this.#held.values()].map(({ record }) => record);
  }

  revoke(id: string): boolean {
    return this.#change(() => {
      const found = this.#database.prepare('SELECT 1 FROM tokens WHERE id = ?').get(id) !== undefined;
      const revoke = this.#database.prepare('UPDATE tokens SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL');
      revoke.run(Math.floor(this.#clock.nowMs()), id);
      return found;
    });
  }

  ensureAdministrator(): string | undefined {
    return this.#change(() => {
      const { changes } = this.#database.prepare(`INSERT OR IGNORE INTO marks VALUES ('administrator')`).run();
      const nowMs = this.#clock.nowMs();
      const some = this.#read().some(({ record }) => record.role === 'admin' && isLive(record, nowMs));
      if (changes === 0 || some) return undefined;
      return this.#insert(
        { name: 'administrator', role: 'admin', functions: [], recordsPerSecond: RECORDS_PER_SECOND_DEFAULT },
        nowMs,
      ).secret;
    });
  }

  close(): void {
    if (this.#database.isOpen) guarded(() => this.#database.close());
  }

  #answer(presented: string | undefined): Grant | { readonly refused: Refused } {
    if (presented === undefined || presented === '') return { refused: 'absent' };
    this.#look();
    const id = idOf(presented);
    const held = id === undefined ? undefined : this.#held.get(id);
    const same = timingSafeEqual(digestOf(presented), held?.digest ?? NOBODY);
    if (held === undefined || !same) return { refused: 'unknown' };
    const { record } = held;
    if (record.revokedMs !== undefined) return { refused: 'revoked' };
    if (record.expiresMs !== undefined && record.expiresMs <= this.#clock.nowMs()) return { refused: 'expired' };
    return grantOf(held, this.#clock);
  }

  /** Changes the file and reads it again, so that this process sees its own change at once. */
  #change<T>(work: () => T): T {
    const result = guarded(() => inTransaction(this.#database, work));
    this.#reload();
    return result;
  }

  #insert(asked: Asked, nowMs: number): { readonly record: TokenRecord; readonly secret: string } {
    const all = this.#read().map(({ record }) => record);
    if (all.some((one) => one.name === asked.name && isLive(one, nowMs))) {
      throw new AccessError('GAIT_ACCESS_NAME_TAKEN');
    }
    this.#makeRoom(all, nowMs);
    const { id, secret } = newToken();
    const { name, role, functions, recordsPerSecond, expiresMs } = asked;
    this.#database
      .prepare('INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)')
      .run(
        id,
        name,
        role,
        JSON.stringify(functions),
        recordsPerSecond,
        Math.floor(nowMs),
        expiresMs ?? null,
        digestOf(secret),
      );
    const record = { id, name, role, functions, recordsPerSecond, createdMs: Math.floor(nowMs) };
    return { record: expiresMs === undefined ? record : { ...record, expiresMs }, secret };
  }

  /** When the table is full, the dead token made first goes; what it did still carries its name. */
  #makeRoom(all: readonly TokenRecord[], nowMs: number): void {
    if (all.length < TOKENS_MAX) return;
    const dead = all.find((one) => !isLive(one, nowMs));
    if (dead === undefined) throw new AccessError('GAIT_ACCESS_LIMIT', `(${TOKENS_MAX})`);
    this.#database.prepare('DELETE FROM tokens WHERE id = ?').run(dead.id);
  }

  /** Reads the file again if another process changed it; asks at most a few times a second unless `now`. */
  #look(now = false): void {
    const elapsedMs = this.#clock.elapsedMs();
    if (!now && elapsedMs - this.#lookedMs < LOOK_EVERY_MS) return;
    const version = guarded(() => this.#database.prepare('PRAGMA data_version').get()?.['data_version']);
    // The version is asked for first: a change between the two is seen the next time.
    if (version !== this.#version) this.#reload();
    this.#version = version;
    this.#lookedMs = elapsedMs;
  }

  #reload(): void {
    const held = new Map<string, Held>();
    for (const { record, digest } of guarded(() => this.#read())) {
      const before = this.#held.get(record.id);
      const bucket = before?.bucket ?? new Bucket(record.recordsPerSecond, this.#clock.elapsedMs());
      held.set(record.id, { record, digest, bucket, keys: before?.keys ?? new KeySet(record.functions) });
    }
    this.#held = held;
  }

  #read(): { readonly record: TokenRecord; readonly digest: Uint8Array }[] {
    return this.#database.prepare('SELECT * FROM tokens ORDER BY created_ms, rowid').all().map(parseRow);
  }
}

function isLive({ revokedMs, expiresMs }: TokenRecord, nowMs: number): boolean {
  return revokedMs === undefined && (expiresMs === undefined || expiresMs > nowMs);
}

function grantOf({ record, bucket, keys }: Held, clock: AccessClock): Grant {
  return {
    token: record,
    onlyFunction: keys.only,
    speaksFor: (key) => keys.has(key),
    take: (records) => bucket.take(records, clock.elapsedMs()),
  };
}

function parseRow(row: Readonly<Record<string, unknown>>): { record: TokenRecord; digest: Uint8Array } {
  const { digest, expires_ms: expiresMs, revoked_ms: revokedMs } = row;
  const role = ROLES.find((one) => one === row['role']);
  if (role === undefined || !(digest instanceof Uint8Array) || digest.length !== NOBODY.length) throw damaged();
  const record = {
    id: text(row['id']),
    name: text(row['name']),
    role: role satisfies Role,
    functions: texts(row['functions']),
    recordsPerSecond: number(row['records_per_second']),
    createdMs: number(row['created_ms']),
    ...(expiresMs === null ? {} : { expiresMs: number(expiresMs) }),
    ...(revokedMs === null ? {} : { revokedMs: number(revokedMs) }),
  };
  return { record, digest };
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw damaged();
}

function number(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw damaged();
}

function texts(value: unknown): readonly string[] {
  try {
    const list: unknown = JSON.parse(text(value));
    if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return list;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw damaged();
}

function damaged(): AccessError {
  return new AccessError('GAIT_ACCESS_DAMAGED', 'A row makes no sense.');
}
