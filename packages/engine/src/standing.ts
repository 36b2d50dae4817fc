import type { Engine } from './engine.ts';
import type { PageReason } from './event/finding.ts';

// Types, not interfaces, so that they count as JSON.

/** How the alert budget is kept: what was promised, what people were paged for, and what they said of it. */
export type BudgetStanding = {
  readonly perWeek: number;
  /** Pages of the last seven model days by reason; only `budget` counts against the promise. */
  readonly lastWeek: { readonly [K in PageReason]: number };
  /** Risk an incident needs now to be paged. */
  readonly threshold: number;
  /** Pages ever. */
  readonly paged: number;
  readonly confirmedTrue: number;
  readonly confirmedFalse: number;
  readonly unreviewed: number;
};

/** How honest the rarities of a detector are: how often one at or below `level` was claimed, and should have been. */
export type CalibrationRow = {
  readonly detector: string;
  readonly level: number;
  readonly expected: number;
  readonly observed: number;
};

/** How the promises to people stand. */
export type Standing = {
  readonly budget: BudgetStanding;
  readonly calibration: readonly CalibrationRow[];
  /** Entities with weak signals held against them, and those given up for want of room. */
  readonly ledgers: number;
  readonly ledgersEvicted: number;
  /** Findings kept silent because the same was told before. */
  readonly suppressed: number;
};

/** How the promises stand now. Cost: 10 us. */
export function standingOf(engine: Engine): Standing {
  const { budget, calibration, ledgers, suppression } = engine.stageTwo.verdicts;
  return {
    budget: { ...budget.report(engine.clock.modelDays, engine.settings.pagesPerWeek) },
    calibration: calibration.exceedances().map((row) => ({ ...row })),
    ledgers: ledgers.size,
    ledgersEvicted: ledgers.evicted,
    suppressed: suppression.suppressed,
  };
}
