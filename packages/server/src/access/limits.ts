/** Tokens kept, dead ones included: every one is held in memory and read again after a change (10 ms). */
export const TOKENS_MAX = 10_000;
/** Characters of a token's name: it is shown in lists and stands in the log beside each decision. */
export const NAME_CHARS_MAX = 64;
/** Patterns a token may have: a fleet that needs more is better named by a shared beginning. */
export const PATTERNS_MAX = 256;
/** Characters of a pattern: a function key has at most a name of 256 and three short parts. */
export const PATTERN_CHARS_MAX = 512;
/** Largest rate: beyond what one machine takes in, so that it means "no limit of its own". */
export const RECORDS_PER_SECOND_MAX = 1_000_000;
/** A bucket holds the records of this many seconds, so that a flush after a quiet moment goes through. */
export const BURST_SECONDS = 2;
/** Answers about function keys remembered for each token: the functions of a large fleet. */
export const KEYS_REMEMBERED_MAX = 4_096;
/** How often the file is asked whether another process changed it, ms: well within the second that is promised. */
export const LOOK_EVERY_MS = 250;
