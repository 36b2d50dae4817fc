import { FORMATS, type Format, REJECTS, type RejectReason } from '../decoder.ts';

/** The ways in. */
export const ROUTES = ['traces', 'metrics', 'logs', 'events', 'telemetry', 'firehose'] as const;
export type Route = (typeof ROUTES)[number];

/**
 * What became of the records: appended; dropped because the token may not speak for their function; dropped because they
 * name no function and the token does not speak for a whole account.
 */
export const OUTCOMES = ['accepted', 'foreign', 'nobody'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One value with its labels, all of them from closed lists. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Statuses that are counted by themselves; `gone` when the sender went away, `other` for anything else. */
const STATUSES = ['200', '400', '401', '403', '408', '413', '415', '429', '500', '503', 'gone', 'other'] as const;

/** Notes counted apart; decoders note only names of their own, but their number is no promise. */
const NOTES_MAX = 512;

/** Counts of the HTTP ingest since the start, for a metrics page. Memory is bounded by closed lists of labels. */
export class IngestCounters {
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #notes = new Map<string, number>();

  /** A request was answered, or its sender went away (`gone`). */
  request(route: Route, status: number | 'gone'): void {
    const label = STATUSES.find((each) => each === String(status)) ?? 'other';
    this.#add('gait_ingest_requests_total', JSON.stringify({ route, status: label }), 1);
  }

  /** Bytes of a body as they came, and as they were decoded. */
  bytes(route: Route, received: number, decoded: number): void {
    this.#add('gait_ingest_received_bytes_total', JSON.stringify({ route }), received);
    this.#add('gait_ingest_decoded_bytes_total', JSON.stringify({ route }), decoded);
  }

  /** Rows that were decoded from a source format. */
  records(source: string, outcome: Outcome, count: number): void {
    const format: Format | 'ingest' = FORMATS.find((each) => each === source) ?? 'ingest';
    if (count > 0) this.#add('gait_ingest_records_total', JSON.stringify({ format, outcome }), count);
  }

  /** Records that no decoder could use. */
  rejected(route: Route, reason: RejectReason, count: number): void {
    if (reason in REJECTS) this.#add('gait_ingest_rejects_total', JSON.stringify({ route, reason }), count);
  }

  /** What was understood in part or passed over, by name. */
  noted(name: string, count: number): void {
    const label = this.#notes.has(name) || this.#notes.size < NOTES_MAX ? name : 'other';
    this.#notes.set(label, (this.#notes.get(label) ?? 0) + count);
  }

  /** Event times replaced by the time of arrival. */
  clamped(count: number): void {
    this.#add('gait_ingest_clamped_records_total', '{}', count);
  }

  /** Deliveries that came again and were acknowledged without being appended twice. */
  repeated(): void {
    this.#add('gait_ingest_repeated_deliveries_total', '{}', 1);
  }

  /** All values, names in order of their first use. Zero is not listed. */
  samples(): readonly Sample[] {
    const samples: Sample[] = [];
    for (const [name, counts] of this.#counts) {
      for (const [labels, value] of counts) samples.push({ name, labels: labelsOf(labels), value });
    }
    for (const [note, value] of this.#notes) {
      samples.push({ name: 'gait_ingest_notes_total', labels: { note }, value });
    }
    return samples;
  }

  /** Sum of the values of a name whose labels include the given ones. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.samples()
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  #add(name: string, labels: string, count: number): void {
    if (count === 0) return;
    const counts = this.#counts.get(name) ?? new Map<string, number>();
    this.#counts.set(name, counts);
    counts.set(labels, (counts.get(labels) ?? 0) + count);
  }
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(text);
  const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}
