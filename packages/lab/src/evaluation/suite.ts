import type { SettingsChange } from '@gait/engine/event/record';
import type { Chart } from './charts.ts';

/** A value of a report's JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A table of a report: texts of its head, and of its rows. */
export interface TableSection {
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] };
}

/** A picture of a report; `name` is that of its file, without ending. */
export interface ChartSection {
  readonly name: string;
  readonly chart: Chart;
}

/** A part of a report: Markdown text, a table, or a picture. */
export type Section = { readonly text: string } | TableSection | ChartSection;

/** What a suite found out. */
export interface SuiteReport {
  /** The figures, as documented per suite. */
  readonly json: { readonly [key: string]: Json };
  readonly sections: readonly Section[];
}

/** What a suite is given. */
export interface SuiteContext {
  /** Folder with the folders of public data; undefined when none was given. */
  readonly data: string | undefined;
  /** Folder for files beside the report; undefined when nothing is written. */
  readonly out: string | undefined;
  /** Settings of the engine that differ from the defaults: {} but in an ablation. */
  readonly settings: SettingsChange['set'];
  /** Values of the suite's own options on the command line, in order. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Says how far a long run is. */
  readonly progress: (text: string) => void;
}

/**
 * One evaluation: data in, figures out, always with the shipped defaults. Deterministic. `run` returns undefined when there is no
 * data for it.
 */
export interface Suite {
  readonly id: string;
  readonly title: string;
  /** What it needs, for the usage text: '' when it makes its own data. */
  readonly needs: string;
  /** Names of its own options, each repeatable, without the dashes. */
  readonly options: readonly string[];
  run(context: SuiteContext): Promise<SuiteReport | undefined>;
}

/** A mistake of whoever gave the command: shown without a stack. */
export class UsageError extends Error {}
