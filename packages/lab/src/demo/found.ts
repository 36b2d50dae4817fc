import type { Finding, Incident } from '@gait/engine/event/finding';
import type { GaitProcess } from './gait-process.ts';

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

  /** Resolves when the server has begun to tell. */
  static async listen(gait: GaitProcess): Promise<Found> {
    const found = new Found();
    const response = await fetch(`${gait.url}/api/v1/events`, {
      headers: { authorization: `Bearer ${gait.token}` },
      signal: found.#ended.signal,
    });
    if (!response.ok || response.body === null) throw new Error(`the events answered ${response.status}`);
    void found.#read(response.body);
    return found;
  }

  /** Resolves when something holds that may change whenever something is told, or after a time; says which. */
  async until(holds: () => boolean, waitMs: number): Promise<boolean> {
    if (holds()) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(false), waitMs);
      const check = (): void => {
        if (holds()) settle(true);
      };
      const settle = (value: boolean): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve(value);
      };
      this.#listeners.add(check);
    });
  }

  close(): void {
    this.#ended.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const piece of body) {
        text += decoder.decode(piece, { stream: true });
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const event of events) this.#take(event);
      }
    } catch (error) {
      if (!this.#ended.signal.aborted) throw error;
    }
  }

  #take(event: string): void {
    const name = /^event: (\w+)$/m.exec(event)?.[1];
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data === undefined) return;
    if (name === 'finding') this.findings.push({ finding: JSON.parse(data), atMs: Date.now() });
    else if (name === 'incident') {
      const incident: Incident = JSON.parse(data);
      this.incidents.set(incident.id, incident);
    } else return;
    for (const listener of this.#listeners) listener();
  }
}
