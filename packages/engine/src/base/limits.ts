/** Every bound of the engine, with its unit in the name and why it has that value. */

/** Rows in one batch. A frame of the log holds at most this many; large enough that per-batch costs vanish. */
export const BATCH_ROWS_MAX = 4096;
/** Calls kept for one invocation. Longer lists are cut and flagged; the first calls carry the flow. */
export const CALLS_PER_ROW_MAX = 128;
/** Calls in one batch: an average of 16 a row. A batch with longer rows is closed early. */
export const BATCH_CALLS_MAX = 65_536;
/** Bytes of one interned string. Longer names are cut and end in a hash, so that they stay distinct. */
export const STRING_BYTES_MAX = 512;
/** Bytes of one identifier (request, trace, span). */
export const ID_BYTES_MAX = 128;
/** Distinct strings in one batch: 4,096 rows with 16 fresh names each. */
export const BATCH_STRINGS_MAX = 131_072;
/** Origins (pieces of files, deliveries) one batch may be made from. */
export const BATCH_ORIGINS_MAX = 1024;
/**
 * Bytes of one page of a slab, the unit in which state grows. Large, so that the pages themselves are few enough to stay in
 * the processor's caches; what of a page was never used takes no memory.
 */
export const SLAB_PAGE_BYTES = 4_194_304;
/** Functions with state of their own. Beyond it newcomers replace untrusted ones, never trusted ones. */
export const FUNCTIONS_MAX = 262_144;
/** Principals and other stage-two entities with state of their own. */
export const PRINCIPALS_MAX = 131_072;
/** Names of values kept for explanations, per partition. About 100 bytes each. */
export const NAMES_MAX = 131_072;
/** Names of values that are seen often, per partition: no flood pushes them out. */
export const NAMES_KEPT_MAX = 131_072;
/** Invocations whose facets are still arriving. About 1 KiB each. */
export const OPEN_INVOCATIONS_MAX = 65_536;
/** Requests remembered in one generation of the duplicate table: two generations stay below 32 MB. */
export const RECENT_REQUESTS_MAX = 393_216;
/** Spans whose owner is remembered for call-graph edges, one generation. */
export const SPANS_MAX = 262_144;
/** Functions whose traced invocations are counted, to know how often they called nobody. 12 bytes each, twice when full. */
export const TRACED_FUNCTIONS_MAX = 262_144;
/** Children waiting for the span of their parent. */
export const WAITING_SPANS_MAX = 65_536;
/** Findings remembered for suppression and feedback. */
export const FINDINGS_REMEMBERED_MAX = 16_384;
/** Incidents that may be open at once. The oldest is closed beyond it. */
export const OPEN_INCIDENTS_MAX = 4096;
/** Findings listed in one incident; more are counted. */
export const INCIDENT_FINDINGS_MAX = 1000;
/** Entities one incident names, and keys (entities, traces) by which findings find it. Nobody reads more. */
export const INCIDENT_NAMES_MAX = 1000;
/** Training spans kept: one is open, the others are history. */
export const TRAINING_SPANS_MAX = 256;
/** Values the whole tenant has seen, per field together. */
export const TENANT_VALUES_MAX = 524_288;
/** Metrics with a baseline: eight a function, 240 bytes each, 503 MB when full. Beyond it new ones are not learned. */
export const METRIC_BLOCKS_MAX = 2_097_152;
/** Things that fire functions whose arrivals are counted in one minute. Queues and routes of the largest accounts are fewer. */
export const ARRIVALS_MAX = 65_536;
/** New pairs of a function and what fires it within one minute. */
export const FIRED_PAIRS_MAX = 65_536;
/** Kinds of calls of which it is remembered whether they fire something; of further ones it is found out again each time. */
export const CALL_ROLES_MAX = 65_536;
/** Functions whose load is explained by what fires them. 0.4 KiB each. */
export const DRIVEN_FUNCTIONS_MAX = 65_536;
/** Queues, routes, functions with an hour of minutes of their own: 268 bytes each. */
export const DRIVERS_MAX = 131_072;
/** Sessions of roles whose first network is remembered, one generation: those of a busy account in half a day. 12 bytes each. */
export const SESSIONS_MAX = 65_536;
/** Entities against which weak signals are held. Half a KiB each. */
export const LEDGERS_MAX = 16_384;
/** Signals of one ledger that are named when it crosses its limit. */
export const LEDGER_CONTRIBUTORS_MAX = 12;
/** Kinds of signals of one ledger of which it is known how often they came. */
export const LEDGER_SIGNALS_MAX = 64;
/** Incidents of four weeks that the alert budget compares with. */
export const BUDGET_RISKS_MAX = 4096;
/** Entities whose incidents of the day are counted, so that one cannot raise everybody's threshold. */
export const BUDGET_SOURCES_MAX = 16_384;
/** Principals, with network and client, that may be deploy robots. More than pipelines in any account; 0.2 KiB each. */
export const ROBOTS_MAX = 4096;
/** Bytes of copies of learned state that roll-backs need: five thousand active functions for a month. The oldest days go beyond it. */
export const ROLL_BACK_BYTES_MAX = 268_435_456;
