/** Every bound of reading files, with its unit in the name and why it has that value. */

/** Bytes asked of the file system at once: large enough that system calls do not show. */
export const READ_BYTES = 262_144;
/** Decompressed bytes handled at once, and so about the bytes one origin hash covers. A record may make it larger. */
export const BLOCK_BYTES = 1024 * 1024;
/**
 * Decompressed bytes that formats are told by: what the first read of a plain file gives, so that compressed ones are told
 * alike. Beyond what functions log before the platform's first line.
 */
export const HEAD_BYTES = READ_BYTES;
/** Lines that are asked about when nobody knows the beginning of a file: some ten milliseconds for a file of no format. */
export const LINES_ASKED_MAX = 16;
/** Bytes shown for each of them: more than any decoder needs to be sure of its own. */
export const SNIFFED_LATER_BYTES = 65_536;
/** Lines of text in front of the first record that are no more than a banner or a few warnings. */
export const LINES_OF_TEXT_MAX = 16;
/** Bytes of one line. Real records stay below 1 MiB; a longer line is skipped without being kept in memory. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes of one document: what one delivery of a cloud log holds at most. Larger ones are skipped likewise. */
export const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;
/** Compressed layers within each other: log pipelines do gzip what is gzip already, never a third time. */
export const INFLATE_LAYERS_MAX = 2;
/** Decompressed bytes that any compressed file may have, whatever it expands from. */
export const INFLATE_FREE_BYTES = 64 * 1024 * 1024;
/** Beyond that, how often a file may be larger than its compressed form. Logs reach 50, gzip at most 1,032. */
export const INFLATE_RATIO_MAX = 500;
/** Bytes inflated at once. */
export const INFLATE_CHUNK_BYTES = 65_536;
/** Frames that any zstd file may have: each costs a tenth of a millisecond, whatever is in it. */
export const ZSTD_FREE_FRAMES = 1000;
/** Beyond that, compressed bytes a frame must have on average. Writers make frames of 64 KiB and more. */
export const ZSTD_FRAME_BYTES_MIN = 1024;
/** Bytes read of a file that does not say how long it is, as those below /proc. */
export const UNSIZED_BYTES_MAX = 64 * 1024 * 1024;
/** Files of one reading, so that the list fits into memory. */
export const FILES_MAX = 262_144;
/** Folders within folders. */
export const FOLDERS_DEEP_MAX = 64;
/** Refused records of one reason that are reported in detail. */
export const SAMPLES_PER_REASON_MAX = 5;
/** Characters of a reported detail. */
export const DETAIL_CHARS_MAX = 200;
/** Unreadable files that are reported by name; further ones are counted. */
export const PROBLEMS_MAX = 100;
/** Names of notes, which come from decoders and not from input; more would be a mistake. */
export const NOTES_MAX = 256;
/** Bytes of batches that a sort holds in memory: some 400,000 rows, and little beside what the engine takes. */
export const SORT_MEMORY_BYTES_MAX = 256 * 1024 * 1024;
/** Sorted runs on disk before they are merged into one: their batches at hand take some 100 MB together. */
export const SORT_RUNS_MAX = 64;
