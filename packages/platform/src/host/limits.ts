/** Time a sandbox has for loading its code before the first invocation, ms: Lambda's own limit of the init phase. */
export const INIT_MS_MAX = 10_000;
/** How long extensions may tidy up once they were told of the end, ms: Lambda gives external extensions two seconds. */
export const SHUTDOWN_MS_MAX = 2_000;
/** The same when extensions are only inside the runtime, ms. */
export const INTERNAL_SHUTDOWN_MS_MAX = 500;
/** How long to wait for killed processes to be gone, ms. The kernel needs milliseconds; more means that it hangs. */
export const KILL_WAIT_MS_MAX = 5_000;
/** Sandboxes at once over all functions if nobody says otherwise: about 1 GB of memory with Node's 50 MB each. */
export const SANDBOXES_MAX_DEFAULT = 20;
/** An idle sandbox ends after this long, ms: about what Lambda shows. */
export const IDLE_MS_DEFAULT = 600_000;
/** Payload of a synchronous invocation, bytes: Lambda's limit of 6 MiB. */
export const PAYLOAD_BYTES_MAX = 6_291_456;
/** Buffered response, bytes: Lambda lets 100 bytes more pass than of the payload. */
export const RESPONSE_BYTES_MAX = 6_291_556;
/** Streamed response, bytes. Lambda allows 200 MiB; here it is collected in the host's memory, hence a tenth. */
export const STREAM_BYTES_MAX = 20 * 1_048_576;
/** Error documents and small requests of the Runtime API, bytes: a stack trace and some room. */
export const DOCUMENT_BYTES_MAX = 262_144;
/** Extensions of one sandbox: Lambda's limit. */
export const EXTENSIONS_MAX = 10;
/** Longest line kept of what a function writes, bytes: an event of CloudWatch Logs. The rest of the line is dropped. */
export const LINE_BYTES_MAX = 262_144;
/** What one invocation may write, bytes. Lambda drops by rate; a bound per invocation does the same repeatably. */
export const LOG_BYTES_PER_INVOCATION_MAX = 4 * 1_048_576;
/** Lines one invocation may write: bounds the cost of empty ones. */
export const LOG_LINES_PER_INVOCATION_MAX = 20_000;
/** Log events wait this long to be delivered together, ms: soon enough to watch, long enough to batch. */
export const LOG_DELAY_MS = 100;
/** Log events delivered at once: keeps one delivery below a few megabytes. */
export const LOG_EVENTS_PER_DELIVERY_MAX = 1_000;
/** Bytes that wait for one telemetry subscriber; beyond it the oldest batch is dropped and counted. Twice Lambda's buffer. */
export const SUBSCRIBER_BYTES_MAX = 2 * 1_048_576;
/** How often the memory of a busy sandbox is looked at, ms: 0.3 ms of work each time. */
export const MEMORY_WATCH_MS = 50;
/** Processes and threads of one sandbox: Lambda's limit. Enforced only with namespaces. */
export const PROCESSES_MAX = 1_024;
/** Open files of one process: Lambda's limit. */
export const OPEN_FILES_MAX = 1_024;
/** Processes looked at when a sandbox is frozen, measured or killed. Above `PROCESSES_MAX`, so that none is missed. */
export const TREE_PROCESSES_MAX = 4_096;
/** Rounds in which a freeze looks for processes that were started while it went on. */
export const FREEZE_ROUNDS_MAX = 4;
/** Event loop turns spent on reading what a function wrote before its response, when it writes without end. */
export const DRAIN_TURNS_MAX = 400;
/** Time to try out how sandboxes can be isolated, ms; it takes 150 ms where it works. */
export const PROBE_MS_MAX = 10_000;
/** A sandbox whose credentials end within its time limit and this, ms, is not used any more. */
export const CREDENTIALS_MARGIN_MS = 60_000;
/** Share of the memory that the JavaScript heap may take, per cent: what Lambda's Node runtime sets. */
export const HEAP_PERCENT = 90;
