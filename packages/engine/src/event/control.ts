import { EngineError } from '../base/errors.ts';
import { FAMILIES, SET_STATES } from './finding.ts';
import type {
  Control,
  Erasure,
  Feedback,
  Genesis,
  IncidentState,
  ResponseTransition,
  RollBack,
  SettingKey,
  SettingsChange,
  TrainingSpan,
} from './record.ts';
import { CONTROL_KINDS, FEEDBACK_SCOPES, RESPONSE_STATES, ROLL_BACK_ACTIONS, SETTING_KEYS } from './record.ts';
import { parseSensitivity } from './sensitivity.ts';

/** Characters of one text in a control record. Longer than any identifier; short enough for every message. */
export const CONTROL_TEXT_CHARS_MAX = 1024;
/**
 * Characters of what a response step has to remember: a policy document of the longest names takes 1,500 as JSON within
 * JSON, before and after it, and the rest is room for prior texts of other people.
 */
export const RESPONSE_CONTENT_CHARS_MAX = 8192;

const VERDICTS = ['expected', 'malicious', 'undo'] as const;
const SURROGATE_ALONE = /\p{Surrogate}/u;

/**
 * Turns an outside value into a control record, field by field; the result shares nothing with the input and has its
 * keys in the order of the type's declaration, which makes its JSON canonical. Throws `EngineError` with
 * `GAIT_BATCH_DAMAGED` on a missing, unknown or wrongly typed field.
 */
export function parseControl(value: unknown): Control {
  const fields = new Fields(value);
  const kind = fields.oneOf('kind', CONTROL_KINDS);
  const control = PARSERS[kind](fields);
  fields.end(Object.keys(control).length);
  return control;
}

/** Canonical JSON of a control record: keys in declared order, no white space. */
export function controlText(control: Control): string {
  return JSON.stringify(parseControl(control));
}

const PARSERS: { readonly [K in Control['kind']]: (fields: Fields) => Control } = {
  genesis: (fields): Genesis => ({
    kind: 'genesis',
    seed: fields.seed('seed'),
    originMs: fields.finite('originMs'),
    tempoMs: fields.positive('tempoMs'),
    schema: fields.positive('schema'),
  }),
  'training-span': (fields): TrainingSpan => ({
    kind: 'training-span',
    fromMs: fields.finite('fromMs'),
    toMs: fields.finite('toMs'),
    by: fields.text('by'),
  }),
  feedback: (fields): Feedback => ({
    kind: 'feedback',
    finding: fields.text('finding'),
    verdict: fields.oneOf('verdict', VERDICTS),
    ...(fields.has('scope') ? { scope: fields.oneOf('scope', FEEDBACK_SCOPES) } : {}),
    by: fields.text('by'),
  }),
  'incident-state': (fields): IncidentState => ({
    kind: 'incident-state',
    incident: fields.text('incident'),
    state: fields.oneOf('state', SET_STATES),
    by: fields.text('by'),
  }),
  settings: (fields): SettingsChange => ({
    kind: 'settings',
    set: fields.settings('set'),
    by: fields.text('by'),
  }),
  'roll-back': (fields): RollBack => ({
    kind: 'roll-back',
    action: fields.oneOf('action', ROLL_BACK_ACTIONS),
    function: fields.text('function'),
    toMs: fields.finite('toMs'),
    by: fields.text('by'),
  }),
  erasure: (fields): Erasure => ({
    kind: 'erasure',
    principal: fields.text('principal'),
    by: fields.text('by'),
  }),
  response: (fields): ResponseTransition => ({
    kind: 'response',
    response: fields.text('response'),
    incident: fields.text('incident'),
    function: fields.text('function'),
    step: fields.text('step'),
    state: fields.oneOf('state', RESPONSE_STATES),
    atMs: fields.finite('atMs'),
    by: fields.text('by'),
    content: fields.text('content', RESPONSE_CONTENT_CHARS_MAX),
  }),
};

/** Whether a value fits its key. */
const SETTINGS: { readonly [K in SettingKey]: (value: string) => boolean } = {
  budget: (value) => /^\d{1,4}$/.test(value) && Number(value) <= 1000,
  off: (value) => value === '' || value.split(',').every((name) => FAMILIES.some((family) => family === name)),
  sensitivity: (value) => parseSensitivity(value) !== undefined,
};

/** Reads own properties of an outside object, so that a key such as `__proto__` is only an unknown field. */
class Fields {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged('it is not an object');
    this.#values = new Map(Object.entries(value));
  }

  /** True when an optional field is there. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  finite(name: string): number {
    const value = this.#values.get(name);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw damaged(`${name} is not a number`);
    return value;
  }

  positive(name: string): number {
    const value = this.finite(name);
    if (value <= 0) throw damaged(`${name} is not positive`);
    return value;
  }

  text(name: string, charsMax = CONTROL_TEXT_CHARS_MAX): string {
    const value = this.#values.get(name);
    if (typeof value !== 'string' || value.length > charsMax) throw damaged(`${name} is not a short text`);
    if (SURROGATE_ALONE.test(value)) throw damaged(`${name} is not valid Unicode`);
    return value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#values.get(name);
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) throw damaged(`${name} is not one of ${allowed.join(', ')}`);
    return found;
  }

  seed(name: string): readonly [number, number] {
    const value = this.#values.get(name);
    if (!Array.isArray(value) || value.length !== 2) throw damaged(`${name} is not a pair`);
    return [word(value[0], name), word(value[1], name)];
  }

  settings(name: string): SettingsChange['set'] {
    const value = this.#values.get(name);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${name} is not an object`);
    const fields = new Fields(value);
    const set: { [K in SettingKey]?: string } = {};
    for (const key of SETTING_KEYS) {
      if (!fields.#values.has(key)) continue;
      const text = fields.text(key);
      if (!SETTINGS[key](text)) throw damaged(`the setting ${key} does not take '${text}'`);
      set[key] = text;
    }
    fields.end(Object.keys(set).length);
    return set;
  }

  /** Refuses fields beyond the `known` ones that were read. */
  end(known: number): void {
    if (this.#values.size !== known) throw damaged('it has unknown fields');
  }
}

function word(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw damaged(`${name} holds something else than 32-bit words`);
  }
  return value;
}

function damaged(detail: string): EngineError {
  return new EngineError('GAIT_BATCH_DAMAGED', `Control record: ${detail}.`);
}
