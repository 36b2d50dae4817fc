import type { Entity, Evidence, Finding } from '@gait/engine/event/finding';
import { FAMILIES } from '@gait/engine/event/finding';
import { FACETS } from '@gait/engine/event/schema';
import { StoreError } from './store.ts';

const LEVELS = ['finding', 'watch'] as const satisfies readonly Finding['level'][];
const ENTITY_KINDS = ['function', 'principal', 'edge'] as const satisfies readonly Entity['kind'][];

/**
 * A finding as read back from its JSON text. Every field is checked; unknown ones are dropped. Throws `StoreError`
 * GAIT_STORE_DAMAGED that names the first field that is wrong; `name` is what the message calls the finding.
 */
export function parseFinding(text: string, name = 'finding'): Finding {
  const row = Fields.ofText(text, name);
  return {
    id: row.text('id'),
    level: row.oneOf('level', LEVELS),
    detector: row.text('detector'),
    detectorVersion: row.text('detectorVersion'),
    family: row.oneOf('family', FAMILIES),
    title: row.text('title'),
    sentence: row.text('sentence'),
    entity: parseEntity(row.fields('entity')),
    function: row.text('function'),
    principal: row.text('principal'),
    ordinal: row.number('ordinal'),
    timeMs: row.number('timeMs'),
    score: row.number('score'),
    rarity: row.number('rarity'),
    maturity: row.number('maturity'),
    confidence: row.number('confidence'),
    impact: row.number('impact'),
    risk: row.number('risk'),
    evidence: row.list('evidence').map((one, at) => parseEvidence(Fields.of(one, `${name}.evidence[${at}]`))),
    quietIf: row.text('quietIf'),
    unseen: row.texts('unseen'),
    techniques: row.texts('techniques'),
    notes: row.texts('notes'),
    facet: row.oneOf('facet', FACETS),
    requestId: row.text('requestId'),
    traceId: row.text('traceId'),
    origin: parseOrigin(row.fields('origin')),
  };
}

function parseEntity(row: Fields): Entity {
  return { kind: row.oneOf('kind', ENTITY_KINDS), key: row.text('key') };
}

function parseEvidence(row: Fields): Evidence {
  const evidence = {
    parameter: row.text('parameter'),
    observed: row.text('observed'),
    expected: row.text('expected'),
    count: row.number('count'),
  };
  return row.has('history') ? { ...evidence, history: row.numbersOrGaps('history') } : evidence;
}

function parseOrigin(row: Fields): Finding['origin'] {
  return {
    name: row.text('name'),
    line: row.number('line'),
    offset: row.number('offset'),
    length: row.number('length'),
    sha256: row.text('sha256'),
  };
}

/** The fields of one stored object. Each reader checks the type and says which field is wrong. */
export class Fields {
  readonly #value: object;
  readonly #path: string;

  private constructor(value: object, path: string) {
    this.#value = value;
    this.#path = path;
  }

  static of(value: unknown, path: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(path, 'an object');
    return new Fields(value, path);
  }

  static ofText(text: string, path: string): Fields {
    try {
      const value: unknown = JSON.parse(text);
      return Fields.of(value, path);
    } catch (error) {
      throw error instanceof StoreError ? error : damaged(path, 'JSON');
    }
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  text(name: string): string {
    const value = this.#get(name);
    if (typeof value !== 'string') throw this.#wrong(name, 'text');
    return value;
  }

  number(name: string): number {
    const value = this.#get(name);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#wrong(name, 'a number');
    return value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#get(name);
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw this.#wrong(name, `one of ${allowed.join(', ')}`);
    return found;
  }

  fields(name: string): Fields {
    return Fields.of(this.#get(name), `${this.#path}.${name}`);
  }

  list(name: string): readonly unknown[] {
    const value = this.#get(name);
    if (!Array.isArray(value)) throw this.#wrong(name, 'a list');
    return value;
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((one) => {
      if (typeof one !== 'string') throw this.#wrong(name, 'a list of texts');
      return one;
    });
  }

  /** JSON has no NaN: a gap in a series of numbers is stored as null. */
  numbersOrGaps(name: string): readonly number[] {
    return this.list(name).map((one) => {
      if (one === null) return Number.NaN;
      if (typeof one !== 'number') throw this.#wrong(name, 'a list of numbers');
      return one;
    });
  }

  #get(name: string): unknown {
    return Object.getOwnPropertyDescriptor(this.#value, name)?.value;
  }

  #wrong(name: string, expected: string): StoreError {
    return damaged(`${this.#path}.${name}`, expected);
  }
}

function damaged(path: string, expected: string): StoreError {
  return new StoreError('GAIT_STORE_DAMAGED', `(${path} is not ${expected}.)`);
}
