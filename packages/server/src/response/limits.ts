/** Every bound of responses, with its unit in the name and why it has that value. */

/** Responses remembered. The oldest that ended make room; a list of more is read in the log. */
export const RESPONSES_MAX = 10_000;
/** Responses in force at once: more is a misfire or an outage, and somebody has to look before it goes on. */
export const RESPONSES_ACTIVE_MAX = 500;
/** Steps of one response: what always is, and a mapping for each of the sources a function usually has. */
export const STEPS_MAX = 64;
/** Event source mappings of one function that are switched; more are named and left. */
export const MAPPINGS_MAX = STEPS_MAX - 8;
/** Characters, as JSON, of one value that a step sets or restores: a record of the log holds the old and the new one. */
export const VALUE_CHARS_MAX = 3000;
/** Characters of a message of the provider that are kept: the naming part stands in front. */
export const MESSAGE_CHARS_MAX = 300;
/** Request ids kept for one step: its call and what a waiting call repeated. */
export const REQUEST_IDS_MAX = 4;
/** Names listed in one sentence; more are counted. */
export const NAMES_SHOWN_MAX = 5;
/** Names of one kind that are recorded as evidence before acting; more are counted. */
export const NAMES_RECORDED_MAX = 16;
/** Characters of a recorded name: longer than any name the provider allows, but for some ARNs, which are cut. */
export const NAME_CHARS_MAX = 140;

/** Shortest lease: time to see what the quarantine does. */
export const LEASE_MINUTES_MIN = 5;
/** Lease unless another is given: long enough to be looked at, short enough not to be forgotten. */
export const LEASE_MINUTES_DEFAULT = 60;
/** Longest lease: a week. What must last longer is a decision to be made again. */
export const LEASE_MINUTES_MAX = 10_080;

/** Readings until a step counts as not verified: changes of identities take effect in seconds, sometimes more. */
export const VERIFY_READS_MAX = 6;
/** Pause before the second reading, ms; doubled for each further one: 15 s in all. */
export const VERIFY_PAUSE_MS = 500;
/** Readings of one list, of 50 to 100 entries each. Beyond it the list is cut, and the plan says so. */
export const PAGES_MAX = 20;
/** One request, its answer included, ms. */
export const REQUEST_MS_MAX = 10_000;
/** Connecting, ms. */
export const CONNECT_MS_MAX = 3000;
/** Tries of one request: the SDK's own standard, with its pauses. */
export const TRIES_MAX = 3;
/** Readings while the provider is still busy with an earlier change. */
export const BUSY_READS_MAX = 60;
/** Pause between them, ms: a minute in all, as long as a function in a VPC takes. */
export const BUSY_PAUSE_MS = 1000;
