/** How much evidence of each trust class counts: platform, audit, edge, sensor, xray, stdout. */
const TRUST_FACTOR = [1, 1, 0.95, 0.95, 0.9, 0.5] as const;
/** Decades of rarity from which confidence no longer grows. */
const CERTAIN_DECADES = 6;

/** Confidence 0..1 that the behaviour does not belong: rarity, maturity and trust of the evidence. */
export function confidenceOf(of: { rarity: number; maturity: number; trust: number }): number {
  const decades = Math.min(1, Math.max(0, -Math.log10(Math.max(of.rarity, 1e-12)) / CERTAIN_DECADES));
  const trust = TRUST_FACTOR[of.trust] ?? 0.5;
  return round3((0.25 + 0.75 * decades) * (0.5 + 0.5 * of.maturity) * trust);
}

/** Risk 0..1: impact x (0.5 + 0.5 x confidence). Low confidence halves it, it never hides it. */
export function riskOf(impact: number, confidence: number): number {
  return round3(impact * (0.5 + 0.5 * confidence));
}

/** Priority by risk: low < .25 <= medium < .5 <= high < .75 <= critical. */
export function priorityOf(risk: number): 'low' | 'medium' | 'high' | 'critical' {
  if (risk < 0.25) return 'low';
  if (risk < 0.5) return 'medium';
  return risk < 0.75 ? 'high' : 'critical';
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
