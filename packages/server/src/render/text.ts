import type { Evidence, Finding, Incident } from '@gait/engine/event/finding';
import { priorityOf } from '@gait/engine/scoring/risk';
import { ATTACK_VERSION, techniqueOf } from './attack.ts';
import { defang } from './defang.ts';
import { placeOfFunction, shortName } from './function-place.ts';
import { columnsOf, fitted, padded, printable, wrapped } from './printable.ts';
import {
  grouped,
  maturityText,
  PAGE_TEXT,
  parameterText,
  percentText,
  quietIfText,
  rarityText,
  STATE_TEXT,
  spanText,
  sparkline,
  timeText,
  unitOf,
  valueText,
} from './words.ts';

/** How text is laid out. */
export interface TextStyle {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether the terminal understands colours and the user wants them. */
  readonly colour: boolean;
}

/** Narrowest layout; a smaller terminal wraps by itself. */
const WIDTH_MIN = 40;
/** Findings of an incident that are shown; the others are counted. */
const FINDINGS_SHOWN_MAX = 20;
/** Characters of an id in lists: eight digits tell four billion findings apart. */
const ID_CHARS = 8;
/** Characters of a hash that are shown: enough to compare by eye. */
const HASH_CHARS = 16;
/** Columns of the longest priority and a gap. */
const PRIORITY_COLUMNS = 10;
/** Columns of `20:53:11` and a gap. */
const CLOCK_COLUMNS = 10;
const LABEL_COLUMNS = 14;
/** Lines of a text in a list; what does not fit then is cut. */
const LIST_LINES_MAX = 3;
/** A title that would get less room goes on a line of its own. */
const TITLE_COLUMNS_MIN = 24;
const GAP = '  ';
const INDENT = GAP;

/** SGR codes. */
const PRIORITY_COLOUR = { critical: '1;31', high: '31', medium: '33', low: '36' } as const;
const BOLD = '1';
const DIM = '2';

/**
 * One finding in full: what happened, what was expected, how rare it is, how sure Gait is and on whose experience, what
 * it can't see, and where the original record stands. Host names are defanged and nothing in it can steer a terminal.
 * Lines without a final line break.
 */
export function findingText(finding: Finding, style: TextStyle): string {
  const page = new Page(style);
  page.head(finding.risk, finding.title, finding.id);
  page.dim(whereText(finding), PRIORITY_COLUMNS);
  page.blank();
  page.paragraph(safe(finding.sentence));
  page.blank();
  for (const evidence of finding.evidence) showEvidence(page, evidence);
  if (finding.evidence.length > 0) page.blank();
  showVerdict(page, finding);
  page.blank();
  showRecord(page, finding);
  return page.text();
}

/**
 * An incident: its summary, then its findings in the order of time, those of one moment as they were told. `findings` may
 * be fewer than the incident lists.
 */
export function incidentText(incident: Incident, findings: readonly Finding[], style: TextStyle): string {
  const page = new Page(style);
  page.head(incident.risk, incident.summary, incident.id);
  const span = incident.lastMs - incident.openedMs;
  const time = `${timeText(incident.openedMs)} UTC${span >= 1000 ? `, over ${spanText(span)}` : ''}`;
  const findingsCount = counted(incident.findings.length, 'finding', 'findings');
  const paged = incident.page === undefined ? '' : `${PAGE_TEXT[incident.page]} · `;
  page.dim(
    `${STATE_TEXT[incident.state]} · ${paged}${time} · ${findingsCount} on ${entitiesText(incident)}`,
    PRIORITY_COLUMNS,
  );
  const told = new Map(incident.findings.map((id, at) => [id, at]));
  const place = ({ id }: Finding) => told.get(id) ?? told.size;
  const sorted = findings.toSorted(
    (one, other) => one.timeMs - other.timeMs || one.ordinal - other.ordinal || place(one) - place(other),
  );
  const shown = sorted.slice(0, FINDINGS_SHOWN_MAX);
  let day = timeText(incident.openedMs).slice(0, 10);
  for (const finding of shown) {
    page.blank();
    const [date, clock = ''] = timeText(finding.timeMs).split(' ');
    if (date !== day) page.dim(date, 0);
    day = date;
    page.row(clock, finding);
    if (!incident.summary.startsWith(finding.sentence)) page.paragraph(safe(finding.sentence), CLOCK_COLUMNS);
    page.dim(`${rarityText(finding.rarity, unitOf(finding))}, ${percentText(finding.confidence)} sure`, CLOCK_COLUMNS);
  }
  const more = Math.max(incident.findings.length, findings.length) - shown.length;
  if (more > 0) {
    page.blank();
    page.paragraph(`and ${counted(more, 'finding more', 'findings more')}`, CLOCK_COLUMNS);
  }
  page.blank();
  page.dim(shown.length === 0 ? `gait explain ${incident.id}` : `gait explain ${shortId(shown[0])} tells why`, 2);
  return page.text();
}

/** A finding a line: when, how bad, whose, what, and the id. */
export function findingsText(findings: readonly Finding[], style: TextStyle): string {
  const page = new Page(style);
  for (const finding of findings) page.row(timeText(finding.timeMs), finding, shortName(finding.entity.key));
  return page.text();
}

/** A line an incident: when it last moved, how bad, its state, what, and the id. */
export function incidentsText(incidents: readonly Incident[], style: TextStyle): string {
  const page = new Page(style);
  for (const { lastMs, risk, state, summary, id } of incidents) {
    page.line({ time: timeText(lastMs), risk, text: `${summary} (${STATE_TEXT[state]})`, id });
  }
  return page.text();
}

function showEvidence(page: Page, evidence: Evidence): void {
  const { parameter, count, history } = evidence;
  const observed = safe(valueText(parameter, evidence.observed));
  const expected = safe(valueText(parameter, evidence.expected));
  const bars = sparkline(history);
  const basis = count > 0 ? ` · ${counted(Math.round(count), 'observation', 'observations')}` : '';
  page.fact(capital(safe(parameterText(parameter))), observed === '' ? 'nothing' : observed);
  page.fact('  expected', `${expected === '' ? 'nothing' : expected}${basis}`);
  if (bars !== '') page.fact('  lately', bars);
}

function showVerdict(page: Page, finding: Finding): void {
  const priority = priorityOf(finding.risk);
  page.fact('How rare', rarityText(finding.rarity, unitOf(finding)));
  page.fact('How sure', `${percentText(finding.confidence)}, judged ${maturityText(finding)}`);
  page.fact('How bad', `${priority}: impact ${percentText(finding.impact)} if true, risk ${percentText(finding.risk)}`);
  page.fact('Quiet if', safe(quietIfText(finding.quietIf)));
  page.fact('Not seen', finding.unseen.map(safe).join(', '));
  for (const note of finding.notes) page.fact('Note', safe(note));
  const techniques = finding.techniques.flatMap(techniqueText).join('; ');
  page.fact('ATT&CK', techniques === '' ? '' : `${techniques} (version ${ATTACK_VERSION})`);
}

function techniqueText(id: string): string[] {
  const technique = techniqueOf(id);
  if (technique === undefined) return [];
  const { name, parent } = technique;
  return [`${id} ${parent === undefined ? name : `${parent.name}: ${name}`}`];
}

function showRecord(page: Page, finding: Finding): void {
  const { origin } = finding;
  page.fact('Detector', `${safe(finding.detector)}, version ${safe(finding.detectorVersion)}`);
  page.exact('Principal', safe(finding.principal));
  page.exact('Request', safe(finding.requestId));
  page.exact('Trace', safe(finding.traceId));
  if (origin.name !== '') {
    const line = origin.line > 0 ? `:${origin.line}` : '';
    const bytes = origin.length > 0 ? ` (${origin.length} bytes at ${origin.offset})` : '';
    page.exact('Original', `${printable(origin.name)}${line}${bytes}`);
  }
  if (origin.sha256 !== '') page.fact('', `SHA-256 ${printable(origin.sha256.slice(0, HASH_CHARS))}…`);
  page.exact('Explain', `gait explain ${finding.id}`);
}

function whereText(finding: Finding): string {
  const place = placeOfFunction(finding.function);
  const about = safe(shortName(finding.entity.key || finding.function || finding.principal));
  const where = place === undefined ? [] : [place.provider, place.account, place.region].filter((part) => part !== '');
  return [about, safe(where.join(' ')), `${timeText(finding.timeMs)} UTC`].filter((part) => part !== '').join(' · ');
}

function entitiesText(incident: Incident): string {
  const [first, ...others] = incident.entities.map((key) => safe(shortName(key)));
  if (first === undefined) return 'nothing known';
  return others.length === 0 ? first : `${first} and ${counted(others.length, 'other', 'others')}`;
}

function counted(count: number, one: string, many: string): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

function shortId(finding: Finding): string {
  return finding.id.slice(0, ID_CHARS);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A text from outside, on one line, without anything that could be clicked or obeyed. */
function safe(text: string): string {
  return printable(defang(text));
}

/** The text as lines of at most `columns`, the first shorter by `taken`, perhaps empty. */
function wrappedAfter(text: string, taken: number, columns: number): string[] {
  if (taken === 0) return wrapped(text, columns);
  const [first, ...rest] = wrapped(`${'-'.repeat(taken - 1)} ${text}`, columns);
  return [first.slice(taken), ...rest];
}

/** Lines of a fixed width. Colours are put around text that is laid out already. */
class Page {
  readonly #width: number;
  readonly #colour: boolean;
  readonly #lines: string[] = [];

  constructor(style: TextStyle) {
    this.#width = Math.max(WIDTH_MIN, Math.floor(style.width));
    this.#colour = style.colour;
  }

  text(): string {
    return this.#lines.map((line) => line.trimEnd()).join('\n');
  }

  blank(): void {
    this.#lines.push('');
  }

  /** Priority, title, and the id at the right edge. */
  head(risk: number, title: string, id: string): void {
    const name = printable(id);
    const columns = this.#width - PRIORITY_COLUMNS - columnsOf(name) - GAP.length;
    wrapped(safe(title), columns).forEach((line, at) => {
      const start = at === 0 ? this.#priority(risk) : ' '.repeat(PRIORITY_COLUMNS);
      const rest = at === 0 ? ' '.repeat(columns - columnsOf(line)) + GAP + this.#paint(DIM, name) : '';
      this.#lines.push(start + this.#paint(BOLD, line) + rest);
    });
  }

  /** A finding on one line. */
  row(time: string, finding: Finding, about = ''): void {
    const text = about === '' ? finding.title : `${about}: ${finding.title}`;
    this.line({ time, risk: finding.risk, text, id: shortId(finding) });
  }

  /** Time, priority, text and id on one line, a long text on more; on a narrow terminal all of the text below. */
  line({ time, risk, text, id }: { time: string; risk: number; text: string; id: string }): void {
    const name = this.#paint(DIM, printable(id));
    const start = this.#paint(DIM, time) + GAP + this.#priority(risk);
    const room = this.#width - columnsOf(time) - PRIORITY_COLUMNS - columnsOf(id) - 2 * GAP.length;
    if (room >= TITLE_COLUMNS_MIN) {
      const [first, ...rest] = wrapped(safe(text), room);
      this.#lines.push(start + padded(first, room) + GAP + name);
      const indent = ' '.repeat(columnsOf(time) + GAP.length + PRIORITY_COLUMNS);
      const last = rest.splice(LIST_LINES_MAX - 2).join(' ');
      for (const line of [...rest, last]) if (line !== '') this.#lines.push(indent + fitted(line, room));
    } else {
      this.#lines.push(start + name);
      this.paragraph(safe(text));
    }
  }

  paragraph(text: string, indent = INDENT.length): void {
    for (const line of wrapped(text, this.#width - indent)) this.#lines.push(' '.repeat(indent) + line);
  }

  dim(text: string, indent: number): void {
    for (const line of wrapped(text, this.#width - indent))
      this.#lines.push(' '.repeat(indent) + this.#paint(DIM, line));
  }

  /**
   * A label and what it says, wrapped beside the label; nothing when there is nothing to say. A label that is too long for
   * its column pushes the first line to the right.
   */
  fact(label: string, text: string): void {
    if (text === '') return;
    const room = this.#width - INDENT.length - LABEL_COLUMNS;
    const shown = fitted(label, LABEL_COLUMNS + Math.floor(room / 2));
    const name = columnsOf(shown) < LABEL_COLUMNS ? padded(shown, LABEL_COLUMNS) : shown + GAP;
    const pushed = columnsOf(name) - LABEL_COLUMNS;
    wrappedAfter(text, pushed, room).forEach((line, at) => {
      this.#lines.push(`${INDENT}${at === 0 ? this.#paint(DIM, name) : ' '.repeat(LABEL_COLUMNS)}${line}`);
    });
  }

  /** A label and something to copy, which a line break would spoil: the terminal may wrap it, this doesn't. */
  exact(label: string, text: string): void {
    if (text !== '') this.#lines.push(INDENT + this.#paint(DIM, padded(label, LABEL_COLUMNS)) + text);
  }

  #priority(risk: number): string {
    const priority = priorityOf(risk);
    return this.#paint(PRIORITY_COLOUR[priority], padded(priority.toUpperCase(), PRIORITY_COLUMNS));
  }

  #paint(code: string, text: string): string {
    return this.#colour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
