import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { assert } from '@gait/engine/base/assert';
import { type Finding, INCIDENT_STATES, type Incident, PAGE_REASONS } from '@gait/engine/event/finding';
import type { Standing } from '@gait/engine/standing';
import { inTransaction } from '../../sqlite.ts';
import { Fields, parseFinding } from '../parse.ts';
import { parseStanding } from '../parse-standing.ts';
import type { FindingsQuery, IncidentsQuery, Json, Lookup, Projection, Step, Store } from '../store.ts';
import { AMBIGUOUS_IDS_MAX, FINDINGS_LISTED_DEFAULT, FINDINGS_LISTED_MAX } from '../store.ts';
import { guarded, openDatabase } from './database.ts';

/** Sorts after every text that starts with the one before it. */
const AFTER_ALL = '\u{10ffff}';
const FINDING_ID = /^[0-9a-f]{16}$/;

/**
 * Orders of findings, and what is behind a finding in them. Row ids grow with each insert: they are the order in which
 * findings were told. Without such a finding the comparison is with nothing, and nothing is behind it.
 */
const ORDERS = {
  newest: {
    by: 'time_ms DESC, ordinal DESC, rowid DESC',
    behind: '(time_ms, ordinal, rowid) < (SELECT time_ms, ordinal, rowid FROM findings WHERE id = ?)',
  },
  riskiest: {
    by: 'risk DESC, rowid',
    behind: '(-risk, rowid) > (SELECT -risk, rowid FROM findings WHERE id = ?)',
  },
  told: { by: 'rowid', behind: 'rowid > (SELECT rowid FROM findings WHERE id = ?)' },
} as const;

type ProjectionTable = 'functions' | 'coverage' | 'standing';

/**
 * Opens the store in the file at `path` (`:memory:` for one that vanishes). A step is on disk, safe from loss of power,
 * when `commitStep` returns. Throws `StoreError`.
 */
export function openSqliteStore(path: string): Store {
  return new SqliteStore(openDatabase(path, 'power'));
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #write: Writes;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#write = prepareWrites(database);
  }

  get consumed(): number {
    return guarded(() => {
      const row = this.#database.prepare('SELECT consumed FROM progress').get();
      return Fields.of(row, 'progress').number('consumed');
    });
  }

  commitStep(step: Step): void {
    assert(Number.isSafeInteger(step.consumed) && step.consumed >= 0, 'a consumed ordinal is a whole number');
    guarded(() =>
      inTransaction(this.#database, () => {
        for (const finding of step.findings) this.#writeFinding(finding);
        for (const incident of step.incidents) this.#writeIncident(incident, step.consumed);
        for (const one of step.profiles ?? []) this.#writeProjection('functions', one, step.consumed);
        for (const one of step.coverage ?? []) this.#writeProjection('coverage', one, step.consumed);
        if (step.standing !== undefined) this.#writeProjection('standing', step.standing, step.consumed);
        this.#write.consumed.run(step.consumed);
      }),
    );
  }

  finding(idOrPrefix: string): Lookup<Finding> {
    return this.#lookUp(idOrPrefix, {
      ids: 'SELECT id FROM findings WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
      read: (id) => readFinding(this.#database.prepare('SELECT id, json FROM findings WHERE id = ?').get(id)),
    });
  }

  findings(query: FindingsQuery = {}): readonly Finding[] {
    const { conditions, values } = conditionsOf(query);
    const sql = `SELECT id, json FROM findings ${conditions} ORDER BY ${ORDERS[query.order ?? 'newest'].by} LIMIT ?`;
    return guarded(() =>
      this.#database
        .prepare(sql)
        .all(...values, limitOf(query.limit))
        .map(readFinding),
    );
  }

  incident(idOrPrefix: string): Lookup<Incident> {
    return this.#lookUp(idOrPrefix, {
      ids: 'SELECT id FROM incidents WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
      read: (id) => this.#readIncident(this.#database.prepare('SELECT * FROM incidents WHERE id = ?').get(id)),
    });
  }

  incidents(query: IncidentsQuery = {}): readonly Incident[] {
    const { conditions, values } = incidentConditionsOf(query);
    const sql = `SELECT * FROM incidents ${conditions} ORDER BY last_ms DESC, rowid DESC LIMIT ?`;
    return guarded(() => {
      const rows = this.#database.prepare(sql).all(...values, limitOf(query.limit));
      return rows.map((row) => this.#readIncident(row));
    });
  }

  functions({ after, limit }: { readonly after?: string; readonly limit?: number } = {}): readonly Projection[] {
    return this.#projections('functions', after ?? '', limit ?? -1);
  }

  functionAt(key: string): Projection | undefined {
    return guarded(() => {
      const row = this.#database.prepare('SELECT key, updated_ms, json FROM functions WHERE key = ?').get(key);
      return row === undefined ? undefined : readProjection(row, 'functions');
    });
  }

  coverage(): readonly Projection[] {
    return this.#projections('coverage', '', -1);
  }

  standing(): Standing | undefined {
    const [held] = this.#projections('standing', '', 1);
    return held === undefined ? undefined : parseStanding(held);
  }

  rebuild(): void {
    guarded(() =>
      inTransaction(this.#database, () => {
        this.#database.exec(`
          DELETE FROM findings;
          DELETE FROM incident_findings;
          DELETE FROM incidents;
          DELETE FROM functions;
          DELETE FROM coverage;
          DELETE FROM standing;
          UPDATE progress SET consumed = 0;
        `);
      }),
    );
  }

  close(): void {
    if (this.#database.isOpen) guarded(() => this.#database.close());
  }

  #writeFinding(finding: Finding): void {
    requireSound(finding);
    this.#write.finding.run(
      finding.id,
      finding.level,
      finding.detector,
      finding.family,
      finding.function,
      finding.principal,
      finding.ordinal,
      Math.floor(finding.timeMs),
      finding.risk,
      JSON.stringify(finding),
    );
  }

  #writeIncident(incident: Incident, asOf: number): void {
    assert(incident.id !== '', 'an incident has an id');
    const entities = JSON.stringify(incident.entities);
    const { id, state, risk, summary, page = '' } = incident;
    const [openedMs, lastMs] = [Math.floor(incident.openedMs), Math.floor(incident.lastMs)];
    const { changes } = this.#write.incident.run(id, openedMs, lastMs, state, risk, summary, entities, page, asOf);
    if (changes === 0) return;
    const findings = JSON.stringify(incident.findings);
    this.#write.leave.run(id, findings);
    this.#write.unlink.run(id, findings);
    this.#write.join.run(id, findings);
    this.#write.link.run(id, findings);
  }

  #writeProjection(table: ProjectionTable, one: Projection, asOf: number): void {
    this.#write[table].run(one.key, Math.floor(one.updatedMs), JSON.stringify(one.content), asOf);
  }

  #lookUp<T>(prefix: string, table: { readonly ids: string; readonly read: (id: string) => T }): Lookup<T> {
    if (prefix === '') return { kind: 'none' };
    return guarded(() => {
      const rows = this.#database.prepare(table.ids).all(prefix, prefix + AFTER_ALL, AMBIGUOUS_IDS_MAX);
      const ids = rows.map((row) => Fields.of(row, 'row').text('id'));
      const [first] = ids;
      if (first === undefined) return { kind: 'none' };
      if (ids.length > 1 && first !== prefix) return { kind: 'ambiguous', ids };
      return { kind: 'found', value: table.read(first) };
    });
  }

  #readIncident(row: unknown): Incident {
    const fields = Fields.of(row, 'incident');
    const id = fields.text('id');
    const joined = this.#write.joined.all(id).map((one) => Fields.of(one, 'incident_findings').text('finding'));
    const entities = Fields.ofText(`{"entities":${fields.text('entities')}}`, `incident ${id}`).texts('entities');
    const page = PAGE_REASONS.find((one) => one === fields.text('page'));
    return {
      id,
      openedMs: fields.number('opened_ms'),
      lastMs: fields.number('last_ms'),
      findings: joined,
      entities,
      state: fields.oneOf('state', INCIDENT_STATES),
      risk: fields.number('risk'),
      summary: fields.text('summary'),
      ...(page === undefined ? {} : { page }),
    };
  }

  /** A limit below 0 is none. */
  #projections(table: ProjectionTable, after: string, limit: number): readonly Projection[] {
    return guarded(() => {
      const sql = `SELECT key, updated_ms, json FROM ${table} WHERE key > ? ORDER BY key LIMIT ?`;
      const rows = this.#database.prepare(sql).all(after, Math.floor(limit));
      return rows.map((row) => readProjection(row, table));
    });
  }
}

interface Writes {
  readonly finding: StatementSync;
  readonly incident: StatementSync;
  /** Findings that an incident no longer lists lose the link, then the joining row. */
  readonly leave: StatementSync;
  readonly unlink: StatementSync;
  /** Findings it lists get the joining row, then the link. */
  readonly join: StatementSync;
  readonly link: StatementSync;
  readonly joined: StatementSync;
  readonly functions: StatementSync;
  readonly coverage: StatementSync;
  readonly standing: StatementSync;
  readonly consumed: StatementSync;
}

/** Newer by ordinal, or by time among steps that consumed nothing (ticks). */
const newerBy = (time: string, table: string) =>
  `excluded.as_of > ${table}.as_of OR (excluded.as_of = ${table}.as_of AND excluded.${time} >= ${table}.${time})`;

function prepareWrites(database: DatabaseSync): Writes {
  const projection = (table: ProjectionTable) =>
    database.prepare(`
      INSERT INTO ${table} (key, updated_ms, json, as_of) VALUES (?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET updated_ms = excluded.updated_ms, json = excluded.json, as_of = excluded.as_of
      WHERE ${newerBy('updated_ms', table)}`);
  return {
    finding: database.prepare(`
      INSERT OR IGNORE INTO findings (id, level, detector, family, function, principal, ordinal, time_ms, risk, json)
      VALUES (?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?)`),
    incident: database.prepare(`
      INSERT INTO incidents (id, opened_ms, last_ms, state, risk, summary, entities, page, as_of)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET opened_ms = excluded.opened_ms, last_ms = excluded.last_ms,
        state = excluded.state, risk = excluded.risk, summary = excluded.summary, entities = excluded.entities,
        page = excluded.page, as_of = excluded.as_of
      WHERE ${newerBy('last_ms', 'incidents')}`),
    leave: database.prepare(`
      UPDATE findings SET incident = NULL WHERE incident = ?1 AND id NOT IN (SELECT value FROM json_each(?2))`),
    unlink: database.prepare(`
      DELETE FROM incident_findings WHERE incident = ?1 AND finding NOT IN (SELECT value FROM json_each(?2))`),
    join: database.prepare(`
      INSERT INTO incident_findings (incident, finding, position) SELECT ?1, value, key FROM json_each(?2) WHERE true
      ON CONFLICT (incident, finding) DO UPDATE SET position = excluded.position WHERE position <> excluded.position`),
    link: database.prepare(`
      UPDATE findings SET incident = ?1 WHERE incident IS NOT ?1 AND id IN (SELECT value FROM json_each(?2))`),
    joined: database.prepare('SELECT finding FROM incident_findings WHERE incident = ? ORDER BY position'),
    functions: projection('functions'),
    coverage: projection('coverage'),
    standing: projection('standing'),
    consumed: database.prepare('UPDATE progress SET consumed = max(consumed, ?)'),
  };
}

/** An engine that hands in anything else has a bug; stored, it would surface far from its cause. */
function requireSound(finding: Finding): void {
  assert(FINDING_ID.test(finding.id), 'a finding id is 16 hexadecimal digits');
  assert(Number.isSafeInteger(finding.ordinal), 'an ordinal is a whole number');
  const { timeMs, score, rarity, maturity, confidence, impact, risk } = finding;
  for (const value of [timeMs, score, rarity, maturity, confidence, impact, risk]) {
    assert(Number.isFinite(value), 'the numbers of a finding are finite');
  }
}

type Wanted = readonly (readonly [condition: string, value: SQLInputValue | undefined])[];

function conditionsOf(query: FindingsQuery) {
  return joined([
    ['level = ?', query.level],
    ['detector = ?', query.detector],
    ['family = ?', query.family],
    ['function = ?', query.function],
    ['principal = ?', query.principal],
    ['incident = ?', query.incident],
    ['time_ms >= ?', query.sinceMs],
    ['time_ms <= ?', query.untilMs],
    ['risk >= ?', query.riskMin],
    [ORDERS[query.order ?? 'newest'].behind, query.after],
  ]);
}

function incidentConditionsOf({ state, sinceMs, finding, merged, after }: IncidentsQuery) {
  const own = 'EXISTS (SELECT 1 FROM incident_findings WHERE incident = incidents.id) = ?';
  const { conditions, values } = joined([
    ['state = ?', state],
    ['last_ms >= ?', sinceMs],
    ['id = (SELECT incident FROM findings WHERE id = ?)', finding],
    [own, merged === false ? 1 : undefined],
  ]);
  if (after === undefined) return { conditions, values };
  const behind = '(last_ms, rowid) < (?, ifnull((SELECT rowid FROM incidents WHERE id = ?), 0))';
  return {
    conditions: conditions === '' ? where([behind]) : `${conditions} AND ${behind}`,
    values: [...values, Math.floor(after.lastMs), after.id],
  };
}

/** The conditions whose value is given. */
function joined(wanted: Wanted): { readonly conditions: string; readonly values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  for (const [condition, value] of wanted) {
    if (value === undefined) continue;
    conditions.push(condition);
    values.push(value);
  }
  return { conditions: where(conditions), values };
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

function limitOf(asked: number | undefined): number {
  const limit = Math.floor(asked ?? FINDINGS_LISTED_DEFAULT);
  return Number.isNaN(limit) ? FINDINGS_LISTED_DEFAULT : Math.min(Math.max(limit, 0), FINDINGS_LISTED_MAX);
}

function readProjection(row: unknown, table: ProjectionTable): Projection {
  const fields = Fields.of(row, table);
  const content = parseContent(fields.text('json'));
  return { key: fields.text('key'), updatedMs: fields.number('updated_ms'), content };
}

function readFinding(row: unknown): Finding {
  const fields = Fields.of(row, 'finding');
  return parseFinding(fields.text('json'), `finding ${fields.text('id')}`);
}

/** `JSON.parse` of text written by `JSON.stringify` gives JSON values and nothing else. */
function parseContent(text: string): Json {
  return JSON.parse(text);
}
