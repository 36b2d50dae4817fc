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
/** Bytes of one page of a slab: the unit in which state grows and is saved. */
export const SLAB_PAGE_BYTES = 65_536;
/** Functions with state of their own. Beyond it newcomers replace untrusted ones, never trusted ones. */
export const FUNCTIONS_MAX = 262_144;
/** Principals and other stage-two entities with state of their own. */
export const PRINCIPALS_MAX = 131_072;
