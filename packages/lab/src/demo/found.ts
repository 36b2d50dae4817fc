import type { Finding, Incident } from '@gait/engine/event/finding';
import type { GaitProcess } from './gait-process.ts';

/** Characters of one event at most: a finding has a few thousand. */
const EVENT_CHARS_MAX = 1_000_000;

/** A finding, and when it was heard of: a few milliseconds after its commit. */
export interface Heard {
  readonly finding: Finding;
  readonly atMs: number;
}

/** Listens to the server's events: everything found, in the order it is told. */
export class Found {
  readonly findings: Heard[] = [];
  /** As they are now, by id. */
  readonly incidents = new Map<string, Incident>();
  readonly #ended = new AbortController();
  readonly #listeners = new Set<() => void>();
  #failure: Error | undefined;

  private constructor() {}

  /** Resolves when the server has begun to tell. */
  static async listen({ url, token }: Pick<GaitProcess, 'url' | 'token'>): Promise<Found> {
    const found = new Found();
    const response = await fetch(`${url}/api/v1/events`, {
      headers: { authorization: `Bearer ${token}` },
      signal: found.#ended.signal,
    });
    if (!response.ok || response.body === null) throw new Error(`the events answered ${response.status}`);
    void found.#read(response.body);
    return found;
  }

  /**
   * Resolves when something holds that may change whenever something is told, or after a time; says which. Rejects when the
   * server stopped telling.
   */
  async until(holds: () => boolean, waitMs: number): Promise<boolean> {
    this.assertWhole();
    if (holds()) return true;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => resolve(false)), waitMs);
      const check = (): void => {
        const failure = this.#failure;
        if (failure !== undefined) settle(() => reject(failure));
        else if (holds()) settle(() => resolve(true));
      };
      const settle = (tell: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        tell();
      };
      this.#listeners.add(check);
    });
  }

  /** Throws when the server stopped telling before it was let go: what is known then is not all that was found. */
  assertWhole(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    this.#ended.abort();
  }

  /** Never rejects: what goes wrong is kept, and told to those who wait and those who ask. */
  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const piece of body) {
        text += decoder.decode(piece, { stream: true });
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        if (text.length > EVENT_CHARS_MAX) throw new Error('an event does not end');
        for (const event of events) this.#take(event);
      }
      throw new Error('the stream ended');
    } catch (cause) {
      if (this.#ended.signal.aborted) return;
      this.#failure = new Error('Gait stopped telling what it finds.', { cause });
      this.#tell();
    }
  }

  #take(event: string): void {
    // By line feeds alone: text in JSON may hold other characters that end a line for a regular expression.
    const lines = event.split('\n');
    const name = fieldOf(lines, 'event');
    const text = fieldOf(lines, 'data');
    if (text === undefined) return;
    if (name === 'finding') this.findings.push({ finding: JSON.parse(text), atMs: Date.now() });
    else if (name === 'incident') {
      const incident: Incident = JSON.parse(text);
      this.incidents.set(incident.id, incident);
    } else return;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function fieldOf(lines: readonly string[], name: string): string | undefined {
  return lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
}
