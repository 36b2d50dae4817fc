import { padded, printable, wrapped } from '../render/printable.ts';
import { spanText, timeText } from '../render/words.ts';
import type { PlanView, ResponseView } from '../response/views.ts';

type PlannedView = PlanView['steps'][number];

/** Columns that what belongs to a step is moved to the right. */
const INDENT = '     ';

/** A plan in words, with side effects and as commands, `width` columns wide; commands stay whole, to be copied. */
export function planText(plan: PlanView, width: number): string {
  const because = plan.incident === '' ? '' : ` because of incident ${printable(plan.incident)}`;
  const lines = [`Quarantine of ${printable(plan.function)}${because}. Nothing has been done yet.`, ''];
  for (const [at, step] of plan.steps.entries()) lines.push(...stepLines(step, `${at + 1}`, width), '');
  if (plan.leftOut.length > 0) {
    lines.push('Left out');
    for (const { what, why } of plan.leftOut) lines.push(...item(`${printable(what)}: ${printable(why)}`, width));
    lines.push('');
  }
  lines.push('At release, first of all and then undone with the rest, the last step first', '');
  lines.push(...stepLines(plan.recycle, 'R', width), '', 'To know');
  for (const caveat of plan.caveats) lines.push(...item(printable(caveat), width));
  return `${lines.join('\n')}\n`;
}

/** One response in words: what is in force, what failed, until when. */
export function responseText(response: ResponseView, width: number): string {
  const { id, function: key, incident, startedBy, startedMs, untilMs, steps, failure } = response;
  const because = incident === '' ? '' : `, incident ${printable(incident)}`;
  const lines = [
    `${printable(id)}  ${stateText(response)}  ${printable(key)}${because}`,
    `${INDENT}begun ${timeText(startedMs)} by ${printable(startedBy)}, lease until ${timeText(untilMs)} UTC`,
  ];
  for (const step of steps) {
    const note = step.note === '' ? '' : ` (${printable(step.note)})`;
    const why =
      step.failure === undefined ? '' : `: ${printable(step.failure.message)} [${printable(step.failure.code)}]`;
    const [first, ...rest] = wrapped(
      `${padded(step.phase, 12)} ${printable(step.id)}${note}${why}`,
      width - INDENT.length,
    );
    lines.push(INDENT + first, ...rest.map((line) => `${INDENT}${' '.repeat(13)}${line}`));
  }
  if (failure !== undefined) {
    const why = `Releasing stopped: ${printable(failure.message)} [${printable(failure.code)}]`;
    lines.push(...wrapped(why, width - INDENT.length).map((line) => INDENT + line));
  }
  return `${lines.join('\n')}\n`;
}

/** A line for each response. `nowMs` tells how long leases still run. */
export function responsesText(responses: readonly ResponseView[], nowMs: number): string {
  const lines = responses.map((response) => {
    const leftMs = response.untilMs - nowMs;
    const isOver = response.phase === 'released' || response.phase === 'abandoned';
    const lease = isOver ? '' : leftMs > 0 ? `lease ends in ${spanText(leftMs)}` : 'LEASE HAS RUN OUT';
    const columns = [padded(printable(response.id), 17), padded(stateText(response), 22), timeText(response.startedMs)];
    return `${columns.join('  ')}  ${printable(response.function)}  ${lease}`.trimEnd();
  });
  return lines.length === 0 ? 'No responses.\n' : `${lines.join('\n')}\n`;
}

/** `in force`, and whether all of it is. */
function stateText({ phase, steps }: ResponseView): string {
  if (phase !== 'in-force') return phase;
  const isWhole = steps.every((step) => step.phase === 'acted' || step.phase === 'skipped');
  return isWhole ? 'in force' : 'in force, incomplete';
}

function stepLines(step: PlannedView, number: string, width: number): string[] {
  const lines = [`${padded(`${number}.`, INDENT.length)}${printable(step.title)}`];
  for (const effect of step.effects)
    lines.push(...item(printable(effect), width - INDENT.length).map((line) => INDENT + line));
  lines.push(`${INDENT}$ ${printable(step.command)}`);
  lines.push(
    `${INDENT}${step.inverseCommand === undefined ? 'Kept after release.' : `undo: ${printable(step.inverseCommand)}`}`,
  );
  return lines;
}

function item(text: string, width: number): string[] {
  return wrapped(text, width - 2).map((line, at) => (at === 0 ? '- ' : '  ') + line);
}
