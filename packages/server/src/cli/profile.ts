import { FACETS } from '@gait/engine/event/schema';
import type { FunctionProfile, MetricProfile, PeersProfile, ValueProfile } from '@gait/engine/profile';

type Fields = Readonly<Record<string, unknown>>;

/** A function's profile as the store kept it. What is missing or of another type reads as empty. */
export function parseProfile(content: unknown): FunctionProfile {
  const fields = fieldsOf(content);
  return {
    key: text(fields, 'key'),
    invocations: number(fields, 'invocations'),
    cold: number(fields, 'cold'),
    errors: number(fields, 'errors'),
    firstMs: number(fields, 'firstMs'),
    lastMs: number(fields, 'lastMs'),
    days: number(fields, 'days'),
    maturity: number(fields, 'maturity'),
    peers: parsePeers(fields['peers']),
    metrics: list(fields, 'metrics').map(parseMetric),
    calls: list(fields, 'calls').map(parseValue),
    destinations: list(fields, 'destinations').map(parseValue),
    triggers: list(fields, 'triggers').map(parseValue),
    callers: list(fields, 'callers').map(parseValue),
    callees: list(fields, 'callees').map(parseValue),
    facets: FACETS.filter((facet) => list(fields, 'facets').includes(facet)),
    unseen: list(fields, 'unseen').map(String),
  };
}

/** What stands for a value whose name is not kept: a part of its hash, another one in every log. */
const NAMELESS = /^#[0-9a-f]{8}$/;

/** Whether a value has a name; others can only be counted. */
export function isNamed({ text }: ValueProfile): boolean {
  return !NAMELESS.test(text);
}

const LISTS = ['calls', 'destinations', 'triggers', 'callers', 'callees'] as const;

/** A profile for programs: values by name, and how many more there are of each kind whose name was not kept. */
export function profileObject(profile: FunctionProfile) {
  const named = { ...profile };
  const nameless: { [list in (typeof LISTS)[number]]?: number } = {};
  for (const list of LISTS) {
    named[list] = profile[list].filter(isNamed);
    const without = profile[list].length - named[list].length;
    if (without > 0) nameless[list] = without;
  }
  return { ...named, nameless };
}

function parsePeers(content: unknown): PeersProfile | null {
  const fields = fieldsOf(content);
  const medoid = text(fields, 'medoid');
  return medoid === '' ? null : { label: number(fields, 'label'), medoid, members: number(fields, 'members') };
}

function parseMetric(content: unknown): MetricProfile {
  const fields = fieldsOf(content);
  return {
    metric: text(fields, 'metric'),
    cold: fields['cold'] === true,
    count: number(fields, 'count'),
    low: number(fields, 'low'),
    centre: number(fields, 'centre'),
    high: number(fields, 'high'),
    max: number(fields, 'max'),
  };
}

function parseValue(content: unknown): ValueProfile {
  const fields = fieldsOf(content);
  const doubted = fields['doubted'] === true;
  return { text: text(fields, 'text'), count: number(fields, 'count'), share: number(fields, 'share'), doubted };
}

function fieldsOf(content: unknown): Fields {
  return typeof content === 'object' && content !== null ? { ...content } : {};
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function number(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' ? value : 0;
}

function list(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  return Array.isArray(value) ? value : [];
}
