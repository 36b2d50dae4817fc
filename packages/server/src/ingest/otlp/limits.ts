/** Every bound of the OTLP decoders, with its unit in the name and why it has that value. */

/**
 * Spans folded together. A request of a collector holds up to 8,192 by default; a larger document is worked off in
 * groups of this many, so that memory stays at about 6 MB.
 */
export const SPANS_PER_GROUP_MAX = 65_536;
/** Resources in one group of spans: a busy collector batches some hundred processes. More start a new group. */
export const RESOURCES_PER_GROUP_MAX = 16_384;
/** Attributes read of one span, resource, point or record. SDKs stop at 128 by default. */
export const ATTRIBUTES_READ_MAX = 256;
/** Events looked through for the exception of a failed span; SDKs keep 128 and the exception is usually the only one. */
export const EVENTS_READ_MAX = 128;
/** Span links kept of one invocation: the largest batch a queue delivers by default is 10 messages. */
export const LINKS_PER_SPAN_MAX = 16;
/** SERVER or CONSUMER spans below an invocation that are asked for its trigger; frameworks add one or two. */
export const NESTED_ENTRIES_MAX = 8;
/** Bytes read of one attribute's text. Longer URLs and names tell nothing more in what follows. */
export const TEXT_BYTES_MAX = 4096;
/** Bytes of a log body that may be a platform report; real ones stay below 1 KiB. */
export const REPORT_BYTES_MAX = 16_384;
/** Levels of a structured log body; a platform report has three. */
export const VALUE_DEPTH_MAX = 6;
/** Entries read of one level of a structured log body; a platform report has eight. */
export const VALUE_ENTRIES_MAX = 64;
/** Longest believable invocation or call, ms: a week. No platform lets a function run longer than a day. */
export const DURATION_MAX_MS = 7 * 86_400_000;
/** Answers remembered by each look-aside table (destinations, function names); cleared when full. About 1 MB each. */
export const REMEMBERED_MAX = 4096;
/** Bytes of one message in a length-prefixed file: what an HTTP body may have after decompression. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
