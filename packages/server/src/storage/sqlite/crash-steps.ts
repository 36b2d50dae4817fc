import { numberedFinding, sampleIncident } from '../finding-samples.ts';
import type { Step } from '../store.ts';

/** Ordinals that fall into one incident. */
export const ORDINALS_PER_INCIDENT = 50;

/** What the engine would hand in after consuming ordinals `[from, to)`: the same whatever portions it is asked in. */
export function crashStep(from: number, to: number): Step {
  const ordinals = Array.from({ length: to - from }, (_, at) => from + at);
  const touched = new Set(ordinals.map((ordinal) => Math.floor(ordinal / ORDINALS_PER_INCIDENT)));
  return {
    findings: ordinals.map((ordinal) => numberedFinding(ordinal)),
    incidents: [...touched].map((number) => crashIncident(number, to)),
    consumed: to,
    profiles: [{ key: 'aws:1:r:f', updatedMs: to, content: { consumed: to } }],
  };
}

/** Incident `number` as it is when all ordinals below `consumed` are consumed. */
export function crashIncident(number: number, consumed: number) {
  const first = number * ORDINALS_PER_INCIDENT;
  const end = Math.min(first + ORDINALS_PER_INCIDENT, consumed);
  const findings = Array.from({ length: end - first }, (_, at) => numberedFinding(first + at));
  return sampleIncident({
    id: `incident-${String(number).padStart(6, '0')}`,
    findings: findings.map((finding) => finding.id),
    openedMs: findings[0].timeMs,
    lastMs: findings[findings.length - 1].timeMs,
    summary: `${findings.length} findings`,
  });
}
