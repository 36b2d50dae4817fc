import { type Hasher, hashOf } from './base/hash.ts';
import { FUNCTIONS_MAX } from './base/limits.ts';
import { Names } from './base/names.ts';
import { NO_PAGE, type SlabPage } from './base/slab.ts';
import type { StateReader, StateWriter } from './base/state.ts';
import { Categories } from './baselines/categories.ts';
import { CATEGORY, keyOf } from './baselines/category.ts';
import { Directory } from './baselines/directory.ts';
import { countFacets, foreignGroups, INVOCATION_KINDS, isTold, noteFacets } from './baselines/facets.ts';
import { FAMILY_BIT, FunctionBaselines } from './baselines/function.ts';
import { FunctionCopies } from './baselines/function-copies.ts';
import { ESTABLISHED_COUNT, HEAD, HEAD_BYTES } from './baselines/functions.ts';
import { keepHabit, locateCalls, locatePrincipal } from './baselines/located-calls.ts';
import { MetricStore } from './baselines/metrics.ts';
import { countMinute, takeMinute } from './baselines/minute.ts';
import { Namesakes } from './baselines/namesakes.ts';
import { Revisions } from './baselines/revisions.ts';
import { FunctionStores } from './baselines/stores.ts';
import { Arrivals } from './demand/arrivals.ts';
import { conflictingCopy } from './detectors/conflicting-copy.ts';
import type { Bucket, Score, Scores } from './detectors/detector.ts';
import { BUCKET_DETECTORS, FUNCTION_DETECTORS } from './detectors/registry.ts';
import type { Family } from './event/finding.ts';
import type { RollupRow } from './event/rollup.ts';
import { FACET, FLAG, SYMBOL } from './event/schema.ts';
import { type BatchView, contentOf } from './features/batch-view.ts';
import type { Clock } from './features/clock.ts';
import { Groups } from './features/groups.ts';
import { OpenInvocations } from './features/join.ts';
import { Observation, Observations } from './features/observation.ts';
import { ARRIVAL, RecentRequests } from './features/recent-requests.ts';
import { shapeOf } from './features/shape.ts';
import { LOOK_AHEAD_ROWS, LookAhead } from './look-ahead.ts';
import { JudgedCounts } from './scoring/judged.ts';
import type { ScoredRow } from './scoring/scored-row.ts';
import type { Settings } from './settings.ts';

/** Own invocations after which a finding no longer says that a namesake lent its experience. */
const OWN_EXPERIENCE_COUNT = 64;
/** Order in which the counts are saved. */
const COUNTS = ['duplicates', 'conflicts', 'refused', 'late'] as const;

/** Family of each detector. */
const FAMILY_OF = new Map(
  [...FUNCTION_DETECTORS, ...BUCKET_DETECTORS].map((detector) => [detector.id, detector.family]),
);
/** Bit of the family of each detector, aligned with the registry. */
const DETECTOR_FAMILY = FUNCTION_DETECTORS.map((detector) => FAMILY_BIT[detector.family]);
/** Families of numbers: their gate closes for invocations that are still waiting for facets, too. */
const GATE_OF_NUMBERS = FAMILY_BIT.resource | FAMILY_BIT.timing;
/** Detectors of minutes that look at each invocation. */
const COUNTING_DETECTORS = BUCKET_DETECTORS.filter(({ count }) => count !== undefined);
/** Facet masks of each detector, aligned with the registry. */
const DETECTOR_FACETS = FUNCTION_DETECTORS.map((detector) =>
  detector.facets.reduce((mask, kind) => mask | (1 << FACET[kind]), 0),
);

/**
 * Stage 1: everything that concerns one function alone. A partition holds the functions whose hash falls to it; its
 * output does not depend on how many partitions there are. `rows` judges and learns a range of rows; `advance` does
 * what time makes due.
 */
export class StageOne {
  readonly functions: Directory;
  readonly categories = new Categories(FUNCTIONS_MAX);
  readonly metrics = new MetricStore(FUNCTIONS_MAX);
  readonly stores = new FunctionStores();
  readonly copies: FunctionCopies;
  /** What will fire functions, counted since it was last taken. */
  readonly arrivals = new Arrivals();
  readonly names = new Names();
  readonly recent = new RecentRequests();
  readonly open = new OpenInvocations();
  /** Scores since they were last taken, in order of rows. */
  scored: ScoredRow[] = [];
  /** Scores of the minute that was closed last, until they are taken. */
  closed: ScoredRow[] = [];
  /** Copies dropped, copies that differ, rows of functions there was no room for. */
  readonly counts = { duplicates: 0, conflicts: 0, refused: 0, late: 0 };
  /** Judged observations since they were last taken. */
  readonly judged = new JudgedCounts();
  readonly #clock: Clock;
  readonly #settings: Settings;
  /** The rows looked at together. */
  readonly #rows = new Observations(LOOK_AHEAD_ROWS);
  /** An invocation whose facets came one by one. */
  readonly #joined = new Observation();
  /** The observation at hand: one of these. */
  #seen = this.#joined;
  readonly #baselines: FunctionBaselines;
  readonly #scores: Scores;
  readonly #groups: Groups;
  readonly #namesakes: Namesakes;
  readonly #revisions: Revisions;
  readonly #ahead: LookAhead;
  #group = 0;
  /** Families in which the row at hand makes a finding. */
  #claimed = 0;
  readonly #partition: { readonly index: number; readonly count: number };
  #active: number[] = [];
  /** Hash of the status of an invocation that succeeded. */
  readonly #ok: number;
  /** The function at hand: id, page and first word of its head. */
  #id = 0;
  readonly #head = { page: NO_PAGE, word: 0 };
  #page: SlabPage = NO_PAGE;
  #word = 0;
  #symbolIds: { view: BatchView; ids: Int32Array } | undefined = undefined;

  constructor(
    shared: { readonly hasher: Hasher; readonly clock: Clock; readonly settings: Settings },
    partition: { readonly index: number; readonly count: number },
  ) {
    const { hasher, clock } = shared;
    this.#clock = clock;
    this.#settings = shared.settings;
    this.#partition = partition;
    this.#groups = new Groups(hasher);
    this.#namesakes = new Namesakes(hasher);
    this.#ok = hashOf('ok', hasher);
    this.functions = new Directory({
      headBytes: HEAD_BYTES,
      capacityMax: FUNCTIONS_MAX,
      established: (page, word) => page.u32[word + HEAD.closed] >= ESTABLISHED_COUNT,
      release: (page, word) => this.#release(page, word),
    });
    this.#revisions = new Revisions(this.functions, this.metrics);
    this.copies = new FunctionCopies(this);
    this.#ahead = new LookAhead(this);
    this.#baselines = new FunctionBaselines({
      functions: this.functions,
      clock,
      metrics: this.metrics,
      categories: this.categories,
      stores: this.stores,
      names: this.names,
      person: hashOf('person', hasher),
      ok: this.#ok,
    });
    this.#scores = {
      add: (score) => this.#add(score),
      judged: (detector, count = 1) => this.judged.add(detector, this.#group, count),
    };
  }

  /** Judges and learns rows `[from, to)` of a batch, all of one second; `ordinal` is that of row 0. */
  rows(view: BatchView, range: { readonly from: number; readonly to: number }, ordinal: number): void {
    if (this.#symbolIds?.view !== view) {
      this.#symbolIds = { view, ids: new Int32Array(view.batch.symbolCount).fill(-1) };
      view.reset(this.#rows);
    }
    const { kind, flags } = view.batch.columns;
    for (let row = range.from, from = row, known = row; row < range.to; row++) {
      if (row === known) {
        from = row;
        known = Math.min(range.to, row + LOOK_AHEAD_ROWS);
        this.#ahead.rows(view, from, known);
        view.fill(this.#rows, from, known - from);
      }
      if (((1 << kind[row]) & INVOCATION_KINDS) === 0 || (flags[row] & FLAG.link) !== 0) continue;
      const id = this.#functionOf(view, row, this.#symbolIds.ids);
      if (id === 0) continue;
      this.#seen = this.#rows.rows[row - from];
      this.#seen.ordinal = ordinal + row;
      this.#row(view, id);
    }
  }

  /** Second at which something is due, Infinity when nothing is. */
  get nextSecond(): number {
    return this.open.nextSecond;
  }

  /** Closes the invocations that are due at `second`. */
  advance(second: number): void {
    for (let id = this.open.due(second); id !== 0; id = this.open.due(second)) this.#closeOpen(id, second);
  }

  /** True when the current minute has something to tell. */
  get active(): boolean {
    return this.#active.length > 0;
  }

  /**
   * Takes the roll-up rows of the minute that ended at `second`, functions in order of their first row, and has its buckets judged
   * and learned: their scores are in `closed`.
   */
  takeMinute(second: number): RollupRow[] {
    const rows: RollupRow[] = [];
    const training = this.#clock.training(second * 1000 - 1);
    for (const id of this.#active) {
      const row = takeMinute(this.functions.page(id), this.functions.word(id), this.functions.names[id]);
      if (row === undefined) continue;
      rows.push(row);
      this.#closeBucket(id, { second, training, row });
    }
    this.#active = [];
    return rows;
  }

  /** The learn gate, set by stage 2: a family of a function does not learn what scores high until `untilSecond`. */
  hold(hi: number, lo: number, gate: { readonly family: Family; readonly untilSecond: number }): void {
    const id = this.functions.find(hi, lo);
    if (id === 0) return;
    const { u32 } = this.functions.page(id);
    const word = this.functions.word(id);
    // What was held before is over; only what is said now is held.
    if (this.#clock.second >= u32[word + HEAD.heldUntil]) u32[word + HEAD.held] = 0;
    u32[word + HEAD.held] |= FAMILY_BIT[gate.family];
    u32[word + HEAD.heldUntil] = Math.max(u32[word + HEAD.heldUntil], gate.untilSecond);
  }

  /** Opens the gate again: a person closed the incident or called the finding expected. */
  unhold(hi: number, lo: number, family: Family): void {
    const id = this.functions.find(hi, lo);
    if (id !== 0) this.functions.page(id).u32[this.functions.word(id) + HEAD.held] &= ~FAMILY_BIT[family];
  }

  /** An operator's word on a value: trusted, or strange again. */
  setTrusted(hi: number, lo: number, value: { field: number; hash: number; trusted: boolean }): void {
    const id = this.functions.find(hi, lo);
    if (id === 0) return;
    const { u32 } = this.functions.page(id);
    const word = this.functions.word(id);
    const isTrait = value.field >= CATEGORY.access;
    const categories = isTrait ? this.stores.traits : this.categories;
    categories.focus(u32[word + (isTrait ? HEAD.shape : HEAD.categories)]);
    categories.setTrusted(value.field, value.hash, value.trusted);
  }

  save(out: StateWriter): void {
    this.functions.save(out);
    this.categories.save(out);
    this.metrics.save(out);
    this.stores.save(out);
    this.copies.save(out);
    this.arrivals.save(out);
    this.names.save(out);
    this.recent.save(out);
    this.open.save(out);
    this.judged.save(out);
    this.#namesakes.save(out);
    out.u32Array(Uint32Array.from(this.#active));
    for (const name of COUNTS) out.u32(this.counts[name]);
  }

  load(from: StateReader): void {
    this.functions.load(from);
    this.categories.load(from);
    this.metrics.load(from);
    this.stores.load(from);
    this.copies.load(from);
    this.arrivals.load(from);
    this.names.load(from);
    this.recent.load(from);
    this.open.load(from);
    this.judged.load(from);
    this.#namesakes.load(from);
    this.#active = Array.from(from.u32Array());
    for (const name of COUNTS) this.counts[name] = from.u32();
  }

  /** Points the baselines at a function, for reports. */
  focus(id: number): { page: SlabPage; word: number; baselines: FunctionBaselines } {
    const page = this.functions.page(id);
    const word = this.functions.word(id);
    this.#baselines.focus(id, 0, this.#clock.second);
    return { page, word, baselines: this.#baselines };
  }

  #functionOf(view: BatchView, row: number, ids: Int32Array): number {
    const symbol = view.functionSymbol(row);
    if (symbol === 0) return 0;
    const lo = view.lo(symbol);
    const known = ids[symbol];
    // A function met earlier in this batch may have been pushed out since.
    if (known === 0 || (known > 0 && this.functions.page(known).u32[this.functions.word(known) + HEAD.keyLo] === lo)) {
      return known;
    }
    const hi = view.hi(symbol);
    let found = this.functions.find(hi, lo);
    if (found !== 0) {
      ids[symbol] = found;
      return found;
    }
    // Namesakes share a partition, so that one can start from the other.
    const key = view.batch.text(symbol);
    if (!this.#own(key)) {
      ids[symbol] = 0;
      return 0;
    }
    found = this.#namesakes.meantBy(this.functions, key);
    const id = found || this.functions.ensure(hi, lo, () => key);
    if (id === 0) this.counts.refused++;
    else ids[symbol] = id;
    if (found === 0 && id !== 0) this.#namesakes.met(this.functions, id);
    return id;
  }

  #own(key: string): boolean {
    const { index, count } = this.#partition;
    return count === 1 || this.#namesakes.lineageOf(key) % count === index;
  }

  #focus(id: number): void {
    this.#id = id;
    this.#page = this.functions.page(id);
    this.#word = this.functions.word(id);
    this.#head.page = this.#page;
    this.#head.word = this.#word;
  }

  /** Judges and learns the row at hand, one of the function `id`. */
  #row(view: BatchView, id: number): void {
    const seen = this.#seen;
    seen.training = this.#clock.training(seen.nowMs);
    this.#focus(id);
    const { u32 } = this.#page;
    const { row } = seen;
    const loose = seen.facets === 1 << FACET.trigger && this.#ahead.requestLo(row) === 0;
    const named = loose && view.hashId(row, 'eventId');
    // Who repeats an id to pass for a copy must repeat the source, too.
    const requestLo = named ? view.hasher.lo ^ seen.symbols[SYMBOL.triggerSource] || 1 : this.#ahead.requestLo(row);
    const requestHi = named ? view.hasher.hi ^ seen.symbols[SYMBOL.triggerKind] : this.#ahead.requestHi(row);
    // Crossed over, so that a request named like a function and that function's own requests stay apart.
    const hi = (requestHi ^ u32[this.#word + HEAD.keyLo]) >>> 0;
    const lo = (requestLo ^ u32[this.#word + HEAD.keyHi]) >>> 0;
    const key = requestLo === 0 ? undefined : { hi, lo };
    const arrival = key === undefined ? ARRIVAL.first : this.#arrive(seen, key);
    if (arrival === ARRIVAL.duplicate) {
      this.counts.duplicates++;
      return;
    }
    if (arrival === ARRIVAL.conflict) {
      this.counts.conflicts++;
      this.#conflict();
      return;
    }
    const aside = loose && isTold(u32, this.#word);
    this.#begin();
    if (!aside && arrival !== ARRIVAL.another && countMinute(this.#page, this.#word, { seen, ok: this.#ok })) {
      this.#active.push(this.#id);
    }
    this.#judge();
    if (!aside) this.arrivals.note(view, this.#seen, this.#head);
    if (aside) this.#teach(this.#claimed);
    else this.#settle(loose ? undefined : key, arrival);
  }

  #arrive(seen: Observation, key: { readonly hi: number; readonly lo: number }): number {
    const kind = 31 - Math.clz32(seen.facets);
    const second = Math.floor(seen.eventMs / 1000);
    return this.recent.arrive(key, { kind, second, content: contentOf(seen) });
  }

  /** What every row does to the head, before it is judged. */
  #begin(): void {
    const seen = this.#seen;
    const { u32 } = this.#page;
    const word = this.#word;
    const { second } = this.#clock;
    const day = this.#clock.dayOf(second);
    if (u32[word + HEAD.days] >>> 16 !== day && u32[word + HEAD.closed] > 0) this.copies.note(this.#id, day, second);
    if (u32[word + HEAD.firstSecond] === 0) u32[word + HEAD.firstSecond] = second;
    u32[word + HEAD.lastSecond] = second;
    u32[word + HEAD.facetsEver] |= seen.facets;
    const trigger = seen.symbols[SYMBOL.triggerKind];
    if (trigger !== 0 && trigger !== u32[word + HEAD.triggerKind]) {
      u32[word + HEAD.triggerKind] = trigger;
      u32[word + HEAD.group] = this.#groups.of(trigger);
    }
    this.#setLesson(day, seen.training);
    if (u32[word + HEAD.categories] === 0) this.#allocCategories();
  }

  /**
   * Memory for what the function shows, from its second invocation on; from the first one if a namesake lends it what it
   * knows, so that a copy of a known function is judged at once.
   */
  #allocCategories(): void {
    const { u32 } = this.#page;
    const namesake = this.#namesakes.of(this.functions, this.#id);
    if (namesake === 0 && u32[this.#word + HEAD.closed] === 0) return;
    const block = this.categories.alloc();
    u32[this.#word + HEAD.categories] = block;
    if (block === 0 || namesake === 0) return;
    u32[this.#word + HEAD.namesake] = namesake;
    const known = this.functions.page(namesake).u32[this.functions.word(namesake) + HEAD.categories];
    if (known !== 0) this.categories.inherit(known, block);
    const flows = this.functions.page(namesake).u32[this.functions.word(namesake) + HEAD.flows];
    if (flows !== 0 && u32[this.#word + HEAD.flows] === 0)
      u32[this.#word + HEAD.flows] = this.stores.flows.inherit(flows);
  }

  #setLesson(day: number, training: boolean): void {
    const { lesson } = this.#baselines;
    if (lesson.day !== day || lesson.training !== training) this.#baselines.lesson = { day, training };
  }

  #judge(): void {
    this.#claimed = 0;
    const seen = this.#seen;
    this.#baselines.focus(this.#id, this.#revisions.groupOf(this.#head, seen, false), this.#clock.second);
    if (this.#revisions.fresh) this.#baselines.sinceRevision = 0;
    seen.foreign = foreignGroups(this.#page.u32, this.#word, seen.facets);
    this.#locate(seen.foreign === 0);
    this.#group = this.#page.u32[this.#word + HEAD.group];
    const { off } = this.#settings;
    for (let at = 0; at < FUNCTION_DETECTORS.length; at++) {
      if ((DETECTOR_FACETS[at] & seen.facets) === 0 || (DETECTOR_FAMILY[at] & off) !== 0) continue;
      FUNCTION_DETECTORS[at].score(seen, this.#baselines, this.#scores);
    }
  }

  /** Keeps a score with where it happened; nothing is reported from a training span. */
  #add(score: Score): void {
    const seen = this.#seen;
    if (seen.training) return;
    const family = FAMILY_OF.get(score.detector) ?? 'health';
    if (score.score >= score.threshold) this.#claimed |= FAMILY_BIT[family];
    this.scored.push(this.#scoredRow(score, { row: seen.row, facets: seen.facets, family }));
    const { novelty, value } = score;
    if (novelty !== undefined && score.score >= score.threshold)
      this.names.add(keyOf(novelty.field, novelty.hash), value);
  }

  #scoredRow(score: Score, of: { row: number; facets: number; family: Family }): ScoredRow {
    const { u32 } = this.#page;
    return {
      score,
      row: of.row,
      function: this.#baselines.name,
      functionHi: u32[this.#word + HEAD.keyHi],
      functionLo: u32[this.#word + HEAD.keyLo],
      facets: of.facets,
      facetsEver: u32[this.#word + HEAD.facetsEver],
      group: this.#group,
      namesake: this.#namesakeName(),
      sinceDeployment: this.#sinceDeployment(),
      held: this.#baselines.held(of.family),
    };
  }

  /** Has a minute of a function judged and learned. */
  #closeBucket(id: number, bucket: Bucket): void {
    this.#focus(id);
    this.#revisions.fresh = false;
    this.#setLesson(this.#clock.dayOf(bucket.second), bucket.training);
    this.#baselines.focus(id, 0, bucket.second);
    const { u32 } = this.#page;
    this.#group = u32[this.#word + HEAD.group];
    const facets = u32[this.#word + HEAD.usualFacets] || u32[this.#word + HEAD.facetsEver];
    const out: Scores = {
      add: (score) => {
        if (bucket.training) return;
        const family = FAMILY_OF.get(score.detector) ?? 'health';
        this.closed.push(this.#scoredRow(score, { row: -1, facets, family }));
      },
      judged: this.#scores.judged,
    };
    for (const detector of BUCKET_DETECTORS) detector.close(bucket, this.#baselines, out);
  }

  /** Invocations since the revision changed, Infinity when it never did. */
  #sinceDeployment(): number {
    const changed = this.#revisions.changed(this.#head);
    return changed ? this.#baselines.sinceRevision : Number.POSITIVE_INFINITY;
  }

  #namesakeName(): string {
    const { u32 } = this.#page;
    const namesake = u32[this.#word + HEAD.namesake];
    return namesake === 0 || u32[this.#word + HEAD.closed] > OWN_EXPERIENCE_COUNT ? '' : this.functions.names[namesake];
  }

  #conflict(): void {
    this.#baselines.focus(this.#id, 0, this.#clock.second);
    this.#add(conflictingCopy(this.#seen, this.#baselines.shortName));
  }

  /** Learns the invocation now, or keeps it open for the facets this function usually also delivers. */
  #settle(key: { readonly hi: number; readonly lo: number } | undefined, arrival: number): void {
    const seen = this.#seen;
    const { second } = this.#clock;
    const { u32 } = this.#page;
    const usual = u32[this.#word + HEAD.usualFacets];
    const alone = arrival !== ARRIVAL.another && usual === seen.facets;
    const open = key === undefined || (alone && this.open.count === 0) ? 0 : this.open.find(key.hi, key.lo);
    if (key === undefined || (open === 0 && alone)) {
      this.#learnJudged();
      return;
    }
    if (open === 0 && arrival === ARRIVAL.another) {
      this.counts.late++;
      countFacets(u32, this.#word, seen.facets | usual);
      return;
    }
    const owner = { id: this.#id, keyLo: u32[this.#word + HEAD.keyLo], gate: this.#baselines.gate };
    if (open === 0 && this.open.full) this.#makeRoom(second);
    const entry = open !== 0 ? open : this.open.open(key, owner, second);
    const facets = this.open.merge(entry, seen, { second, usual });
    this.open.hold(entry, this.#claimed & GATE_OF_NUMBERS);
    if (usual !== 0 && (facets & usual) === usual) this.#closeOpen(entry, second);
  }

  /** Closes the oldest open invocation, and takes up the row at hand again. */
  #makeRoom(second: number): void {
    const id = this.#id;
    const seen = this.#seen;
    this.#closeOpen(this.open.oldest(), second);
    this.#focus(id);
    this.#seen = seen;
  }

  #closeOpen(entry: number, second: number): void {
    this.#seen = this.#joined;
    const seen = this.#seen;
    const owner = this.open.close(entry, seen);
    seen.nowMs = second * 1000;
    seen.training = this.#clock.training(seen.nowMs);
    this.#focus(owner.id);
    const evicted = this.#page.u32[this.#word + HEAD.keyLo] !== owner.keyLo;
    if (!evicted) this.#learnJoined(second, owner.gate);
  }

  /** Learns the invocation that was just judged: its baselines are in focus, and its calls are found. */
  #learnJudged(): void {
    this.#baselines.metricBlock = this.#countInvocation(this.#clock.second);
    this.#teach(this.#claimed);
  }

  /** Learns an invocation whose facets came one by one; `gate` is the learn gate as it stood when it began. */
  #learnJoined(second: number, gate: number): void {
    const block = this.#countInvocation(second);
    this.#setLesson(this.#clock.dayOf(second), this.#seen.training);
    this.#baselines.focus(this.#id, block, second);
    this.#locate(true);
    // Values earn trust by days, so that what opened the gate may count; many numbers may come in the meantime.
    this.#baselines.gate = gate | (this.#baselines.gate & GATE_OF_NUMBERS);
    this.#teach(0);
  }

  /** Compares what the observation shows with the habit of the function in focus, if it is its own, or looks it up. */
  #locate(own: boolean): void {
    const seen = this.#seen;
    const { day, training } = this.#baselines.lesson;
    seen.shape = shapeOf(seen);
    seen.habitual = own && !training && this.categories.repeats(seen.shape, day);
    if (!seen.habitual) locateCalls(seen, this.categories);
    locatePrincipal(seen, this.categories);
  }

  /** What every invocation that is learned does to the head; returns its block of metrics. */
  #countInvocation(second: number): number {
    const seen = this.#seen;
    const { u32 } = this.#page;
    const word = this.#word;
    const day = this.#clock.dayOf(second);
    countFacets(u32, word, seen.facets);
    noteFacets(u32, word, seen);
    if ((seen.flags & FLAG.init) === 0) u32[word + HEAD.closed]++;
    if (u32[word + HEAD.closed] === ESTABLISHED_COUNT) this.#namesakes.add(this.functions, this.#id);
    if (seen.cold) u32[word + HEAD.cold]++;
    const days = u32[word + HEAD.days];
    if (days >>> 16 !== day || (days & 0xffff) === 0) {
      u32[word + HEAD.days] = ((day << 16) | Math.min(0xffff, (days & 0xffff) + 1)) >>> 0;
    }
    return this.#revisions.groupOf(this.#head, seen, true);
  }

  /** `claimed` holds the families in which the invocation was found strange: numbers that make a finding are not learned. */
  #teach(claimed: number): void {
    const seen = this.#seen;
    this.metrics.day = this.#baselines.lesson.day;
    this.#baselines.gate |= claimed & GATE_OF_NUMBERS;
    for (let at = 0; at < FUNCTION_DETECTORS.length; at++) {
      if ((DETECTOR_FACETS[at] & seen.facets) !== 0) FUNCTION_DETECTORS[at].learn(seen, this.#baselines);
    }
    for (const detector of COUNTING_DETECTORS) detector.count?.(seen, this.#baselines);
    if (seen.habitual) this.categories.repeat();
    else if (!seen.training) keepHabit(seen, this.categories, this.#baselines.lesson.day);
    this.#page.u32[this.#word + HEAD.sinceRevision]++;
  }

  #release(page: SlabPage, word: number): void {
    const { u32 } = page;
    this.copies.forget(this.functions.find(u32[word + HEAD.keyHi], u32[word + HEAD.keyLo]));
    if (u32[word + HEAD.categories] !== 0) this.categories.free(u32[word + HEAD.categories]);
    this.stores.release(u32, word);
    this.#revisions.release({ page, word });
  }
}
