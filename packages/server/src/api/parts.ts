import type { Finding } from '@gait/engine/event/finding';
import type { HourRow, RollupRow } from '@gait/engine/event/rollup';
import type { Access, Grant } from '../access/access.ts';
import type { ResponseDesk } from '../response/views.ts';
import type { Service } from '../runtime/service.ts';
import type { Store } from '../storage/store.ts';
import type { FunctionRow } from './function-row.ts';
import type { Refreshed } from './refreshed.ts';

/** Whose rows, and of what time: `[fromMs, toMs)`. */
export interface ChartQuery {
  readonly function: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Rows by time, oldest first, and how many files could not be read. */
export interface ChartRows<Row> {
  readonly rows: readonly (Row & { readonly startMs: number })[];
  readonly unreadable: readonly string[];
}

/** Where charts come from: `readMinutes` and `readHours` of the series, with their folder. */
export interface SeriesReader {
  minutes(query: ChartQuery): Promise<ChartRows<RollupRow>>;
  hours(query: ChartQuery): Promise<ChartRows<HourRow>>;
}

/** What the API puts on the wire. */
export interface ApiParts {
  readonly service: Service;
  /** Read only, on the thread of the API. */
  readonly store: Pick<
    Store,
    'finding' | 'findings' | 'incident' | 'incidents' | 'functions' | 'functionAt' | 'coverage' | 'standing'
  >;
  readonly series: SeriesReader;
  readonly access: Access;
  readonly responses: ResponseDesk;
  /** A finding in full as text for people: `findingText` without colours. */
  explain(finding: Finding): string;
  /** Forgets who is behind a token of a person; false when nobody is known by it. */
  forget(principal: string): boolean;
  /** The text of `GET /metrics`. */
  metrics(): string;
  readonly version: string;
}

/** What a handler gets beside the request. */
export interface Context {
  readonly parts: ApiParts;
  readonly refreshed: Refreshed<FunctionRow>;
  /** Of whoever asks. */
  readonly grant: Grant | undefined;
}

/** What the API counts, all since the start. Read by the metrics. */
export interface ApiCounters {
  /** Answers by route (as in the document) and class of status, `GET /findings 2xx`. Routes are a closed list. */
  readonly requests: Map<string, number>;
  clients: number;
  clientsRefused: number;
  /** Clients that read too slowly and were let go. */
  clientsDropped: number;
  eventsSent: number;
}
