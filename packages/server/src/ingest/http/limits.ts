/** Every bound of the HTTP ingest, with its unit in the name and why it has that value. */

/** Bytes of one body, before and after inflation: what the specification of OTLP/HTTP recommends. */
export const BODY_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of bodies held at once over all requests: two of the largest with their compressed forms, or thousands of usual ones. */
export const BODIES_HELD_BYTES_MAX = 256 * 1024 * 1024;
/** Time in which a body must have arrived, ms. Senders are in the same network; real ones need less than a second. */
export const BODY_MS_MAX = 30_000;
/** Bytes of a refused body that are read and thrown away, so that its sender reads the answer before the line is cut. */
export const DISCARDED_BYTES_MAX = 1024 * 1024;
/** Time for that, ms. */
export const DISCARDED_MS_MAX = 1000;
/** Requests inflated and decoded at once. More would not be faster, as decoding shares one thread. */
export const DECODING_MAX = 4;
/** Requests that wait for it with their bodies in memory; the next is told to come again. */
export const WAITING_MAX = 256;
/** Time after which decoding lets other requests have a turn, ms: below what anybody notices in an answer. */
export const SLICE_MS = 10;
/**
 * Bytes of a document that is decoded in one go, some 100 ms. What SDKs and collectors send by default stays below; larger
 * ones are cut between their entries.
 */
export const WHOLE_BYTES_MAX = 4 * 1024 * 1024;
/** Bytes of a piece of a larger document, some 30 ms. */
export const GROUP_BYTES = 1024 * 1024;
/** Bytes of lines cut into records at once. */
export const CUT_BYTES = 1024 * 1024;
/** Lines or documents of one request: the smallest useful records fill a body with fewer. */
export const RECORDS_PER_REQUEST_MAX = 1_000_000;
/** Records of one Firehose delivery; its buffer holds at most 4 MiB or 500 records. */
export const DELIVERY_RECORDS_MAX = 10_000;
/** Refused records told in an answer; the rest is counted. */
export const REJECTS_TOLD_MAX = 10;
/** Characters of a detail in an answer. */
export const DETAIL_CHARS_MAX = 200;
/** Characters of a header that names a function or a log stream: twice the longest ARN. */
export const NAME_CHARS_MAX = 512;
/** Firehose deliveries remembered as acknowledged: its retries come within minutes; about 100 bytes each. */
export const DELIVERIES_REMEMBERED_MAX = 16_384;
/** Characters of a delivery's id; Amazon's are UUIDs. */
export const DELIVERY_ID_CHARS_MAX = 128;
/** Builders kept for the next request; each takes some 6 MB. */
export const BUILDERS_KEPT_MAX = DECODING_MAX;
/** For how long the same claim of the same token is told only once, ms: a finding needs to be made once. */
export const CLAIM_QUIET_MS = 600_000;
/** Claims remembered for that; when full, all are forgotten and may be told again. */
export const CLAIMS_REMEMBERED_MAX = 4096;
/** How old an event may be, ms; beyond, the time of arrival takes the place of its own. */
export const EVENT_AGE_MS_MAX = 7 * 86_400_000;
/** How far ahead an event may be, ms: clocks that nobody sets are off by less. */
export const EVENT_AHEAD_MS_MAX = 120_000;

/** The limits that whoever runs the server may set; each has its constant as default. */
export interface IngestLimits {
  /** `BODY_BYTES_MAX`. */
  readonly bodyBytes?: number;
  /** `BODIES_HELD_BYTES_MAX`. */
  readonly bodiesHeldBytes?: number;
  /** `BODY_MS_MAX`. */
  readonly bodyMs?: number;
}
