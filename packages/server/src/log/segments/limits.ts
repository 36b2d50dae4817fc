/** Bounds of the log on disk, with the unit in the name and why they have that value. */

/** Size at which a segment is sealed and the next begun: removable in small steps, few files in a large log. */
export const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;
/** Payload of one frame before and after compression: a batch with every table at its limit is 80 MB. */
export const FRAME_BYTES_MAX = 96 * 1024 * 1024;
/** Bytes written and synced in one commit: well below a segment, long enough that the sync does not matter. */
export const COMMIT_BYTES_MAX = 8 * 1024 * 1024;
/** Frames in one commit, so that small frames cannot make one commit arbitrarily long. */
export const COMMIT_FRAMES_MAX = 1024;
/** Encoded bytes waiting to be written. Above it appends are refused: the disk does not keep up. */
export const PENDING_BYTES_MAX = 256 * 1024 * 1024;
/** Payloads smaller than this are not compressed: single records do not pay for it. */
export const COMPRESS_BYTES_MIN = 512;
/** Payloads smaller than this are decompressed at once: handing them to another thread costs more. */
export const DECOMPRESS_ASIDE_BYTES_MIN = 32 * 1024;
/** Commits of fewer encoded bytes are made at once (1 ms): handing them over gains little and would start the thread. */
export const COMMIT_ASIDE_BYTES_MIN = 128 * 1024;
/** Memory of encoded records below this size is cheap to get, and above it too much to keep. */
export const ROOM_BYTES_MIN = 32 * 1024;
export const ROOM_BYTES_MAX = 8 * 1024 * 1024;
/** Pieces of memory kept for encoding: as many as are on their way to the disk when all goes well. */
export const ROOMS_KEPT_MAX = 4;
/** Bytes of a segment between two entries of its index: reading from the middle skips at most this much. */
export const INDEX_EVERY_BYTES = 64 * 1024;
/** Segments whose index is kept in memory; older ones are read from their start. */
export const INDEXED_SEGMENTS_MAX = 16;
/** Bytes read at once when going through a segment. */
export const SCAN_BYTES = 1024 * 1024;
/** Time between two signed heads of the open segment: what an attacker with the machine could still take back. */
export const HEAD_EVERY_MS = 10_000;
/** Bytes of one signed head. */
export const HEAD_BYTES_MAX = 2048;
/** Bytes of the heads file: a hundred thousand segments, six terabytes of log. */
export const HEADS_BYTES_MAX = 128 * 1024 * 1024;
/** Segments shorter than this are hashed at once (5 ms) instead of starting a thread for it (90 ms). */
export const HASH_AT_ONCE_BYTES_MAX = 64 * 1024;
/** Bytes of the open segment after which the thread that hashes is sent ahead of the next head: half a second of its work. */
export const HASH_AHEAD_BYTES = 4 * 1024 * 1024;
/** Disk space that only controls and ticks may use: years of people's decisions, and minutes of warning. */
export const RESERVE_BYTES = 64 * 1024 * 1024;
/** Bytes written between two looks at the free space while there is plenty. */
export const RESERVE_CHECK_BYTES = 16 * 1024 * 1024;
