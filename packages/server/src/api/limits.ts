/** Body of a request, bytes: the longest is a token with 256 patterns. */
export const BODY_BYTES_MAX = 192 * 1024;
/** Characters of a function key; as patterns of functions, longer ones are those of nothing. */
export const KEY_CHARS_MAX = 512;
/** Characters of one part of a path. A function key has at most 512, and each may be escaped as three. */
export const PATH_PART_CHARS_MAX = 2_048;
/** Rows of a page when the caller does not say: two screens. */
export const PAGE_ROWS_DEFAULT = 50;
/** Rows of a page: about 1.5 MB of findings, made in 30 ms. */
export const PAGE_ROWS_MAX = 500;
/** Points of one chart: more than a screen has columns. */
export const POINTS_MAX = 2_000;
/** Longest span of one chart, ms: the 400 days that hours are kept for. */
export const SPAN_MS_MAX = 400 * 86_400_000;
/** Longest period that is declared normal at once, ms: what charts still show. */
export const TRAINING_MS_MAX = SPAN_MS_MAX;
/** Charts being read at once: each reads up to 400 files, 1 ms each. */
export const CHARTS_AT_ONCE_MAX = 4;
/** How old profiles and coverage may be when they are shown, ms: writing them takes the engine up to half a second. */
export const FRESH_MS = 10_000;
/** Profiles read at once: 3 ms of large ones, after which telemetry and other requests get their turn. */
export const PORTION_ROWS = 100;
/** How long a request waits for them to be written, ms; what was there before is shown then. */
export const REFRESH_WAIT_MS = 2_000;
/** Lag above which the service is not ready, ms: above it health findings begin as well. */
export const READY_LAG_MS_MAX = 30_000;

/** Clients of the stream of events: consoles and a few programs. */
export const CLIENTS_MAX = 100;
/** What may wait to be sent to one client, bytes: a few hundred findings. Whoever reads more slowly is let go. */
export const CLIENT_BUFFER_BYTES_MAX = 1024 * 1024;
/** Findings sent again to a client that comes back: more are listed faster than streamed. */
export const RESUMED_FINDINGS_MAX = 500;
/** How often the state of the service is sent to clients, and their tokens are looked at again, ms. */
export const STATUS_EVERY_MS = 5_000;
/** How often a comment is sent, ms, so that nothing on the way takes the stream for dead. */
export const COMMENT_EVERY_MS = 15_000;
/** How long a client waits before it comes back, ms. */
export const RECONNECT_MS = 3_000;
