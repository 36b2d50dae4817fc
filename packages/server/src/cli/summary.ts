import { type ReplayResult, summed } from '../runtime/replay.ts';
import type { Workspace } from '../runtime/workspace.ts';

/** The last line of `gait replay --summary`, for programs. */
export interface Summary {
  /** Rows understood and inside `--since` and `--until`, those learned from included. */
  readonly events: number;
  readonly facets: Readonly<Record<string, number>>;
  /** Refused records by reason; reasons that did not occur are left out. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Functions known now, earlier replays into the same folder included. */
  readonly functions: number;
  /** Distinct principals of the events: people, roles, services and functions that caused one. */
  readonly principals: number;
  /** Of this replay; the watch level is not counted. */
  readonly findings: number;
  readonly incidents: number;
  readonly eventsPerSecond: number;
}

/** Numbers of a replay. */
export function summaryOf(workspace: Workspace, result: ReplayResult): Summary {
  const { engine, found } = workspace;
  return {
    events: result.events,
    facets: result.facets,
    rejected: rejectedOf(result),
    functions: engine.stageOne.reduce((sum, stage) => sum + stage.functions.count, 0),
    principals: result.principals,
    findings: found.findings,
    incidents: workspace.newIncidents().length,
    eventsPerSecond: Math.round(result.events / Math.max(result.seconds, 1e-9)),
  };
}

/** Refused records of all inputs by reason, without the reasons that did not occur. */
export function rejectedOf({ reports }: ReplayResult): Record<string, number> {
  return summed(reports.map(({ rejected }) => rejected));
}

/** What all inputs noted, by name. */
export function notedOf({ reports }: ReplayResult): Record<string, number> {
  return summed(reports.map(({ notes }) => notes));
}
