/** Every bound of the sensor, with its unit in the name and why it has that value. */

/**
 * Bytes of one line with its line end: what Linux puts into a pipe as a whole or not at all (PIPE_BUF), so that no line is
 * ever torn by what others write.
 */
export const LINE_BYTES_MAX = 4096;
/** Calls listed in one record: as many as usually fit into a line. */
export const CALLS_MAX = 64;
/** Distinct calls kept until the record is made, so that a flood of calls cannot make the function grow. */
export const CALLS_KEPT_MAX = 128;
/** Calls after which one like an earlier one is added to that, so that repeats leave room for what is new. */
export const CALLS_BEFORE_FOLDING = 24;
/** Characters of one text of a record; names of resources are shorter. */
export const TEXT_CHARS_MAX = 200;
/** Sockets watched at once. Functions hold some dozens; more are counted nowhere else. */
export const SOCKETS_MAX = 1024;
/** Bytes that may go over a connection after its HTTP call was reported without being a call of their own. */
export const STRAY_BYTES_MAX = 256;
/** Child processes remembered until they end. */
export const CHILDREN_MAX = 128;
/** Entries of /proc that are looked through: more means that other people's processes are there too. */
export const PROCESSES_MAX = 512;
/** Invocations open at once: platforms allow fewer. The oldest is let go beyond it. */
export const OPEN_INVOCATIONS_MAX = 1024;
/** Levels of an event that are part of its structure: API gateways nest five. */
export const SHAPE_DEPTH_MAX = 6;
/** Values of an event that are looked at for its structure, and again for its size: about 10 µs. */
export const EVENT_NODES_MAX = 256;
/** Distinct keys of events whose hash is remembered. */
export const KEY_HASHES_MAX = 1024;
/** Bytes of the body of an AWS call that are searched for the name of a resource. It stands near the front. */
export const BODY_BYTES_MAX = 4096;
/** Pseudonyms, client classes and the like that are remembered, each: people who use one sandbox. */
export const REMEMBERED_MAX = 256;
/** Characters of a user agent that are looked at; the naming part of real ones stands in front. */
export const AGENT_CHARS_MAX = 512;
/** Every so many invocations the looks that cost several µs are taken even when nothing asks for them. */
export const LOOK_EVERY_INVOCATIONS = 32;
/** Every so many invocations open files are counted, for which a folder must be read. */
export const COUNT_FILES_EVERY_INVOCATIONS = 128;
/** An invocation of this length pays for the looks that cost several µs: they are a thousandth of it. */
export const LOOK_FROM_MS = 10;
/** Entries of a folder for temporary files that are added up where it has no file system of its own. */
export const TMP_ENTRIES_MAX = 256;
/** Looks after which such a folder is read again although it seems unchanged. */
export const TMP_READ_EVERY_LOOKS = 16;
/** An invocation that is this close to its deadline is reported as timed out while there is time. */
export const DEADLINE_MARGIN_MS = 30;
/** Deadlines further away are none: timers take no more. */
export const DEADLINE_MS_MAX = 2_147_483_647;
/** Bytes of the code that a revision without number is recognised by. */
export const CODE_BYTES_MAX = 1_048_576;
/** Bytes of records that wait for a collector. About 400 records. */
export const QUEUE_BYTES_MAX = 262_144;
/** Bytes of one request to a collector. */
export const BATCH_BYTES_MAX = 131_072;
/** How long a response may wait for its record to be delivered, unless configured otherwise. */
export const FLUSH_BUDGET_MS = 50;
/** Longest wait that can be configured. */
export const FLUSH_BUDGET_MS_MAX = 2000;
/** How long one request to a collector may take altogether before its connection is given up. */
export const DELIVERY_MS_MAX = 2000;
/** After a failed delivery nothing is sent for this long, twice as long after each further one. */
export const BACK_OFF_MS = 1000;
/** Longest time for which nothing is sent after failures. */
export const BACK_OFF_MS_MAX = 60_000;
