/**
 * The wire format of the sensor: one JSON object a line, one line an invocation (or module load), UTF-8, at most about
 * 600 bytes for an invocation with three calls. Keys are short because every invocation pays for them, and the first one
 * is always `gait`, so that a line can be told from the function's own output. Absent keys mean unknown; `null` is not
 * used except inside calls. Keys a reader does not know are ignored, so keys can be added within a version; a changed
 * meaning is a new version.
 *
 *     {"gait":1,"t":1767225600123,"fn":"aws:123456789012:eu-west-1:pay","rev":"7","rid":"8f2c…","seq":41,
 *      "st":"ok","dur":38.214,"cpu":21.5,"tk":"http","ts":"POST /pay","p":"5d41402abc4b2a76","pk":"person",
 *      "c":[["dynamodb:GetItem","orders","dynamodb",180,912,200,4.1,6.2],["exec:convert"]],"mac":"9f86d081884c7d65"}
 */

/** Version of the format, the value of the first key. */
export const WIRE_VERSION = 1;

/** Keys of the line, by the field they carry. All but `version` have one to three lower-case letters. */
export const WIRE_KEYS = {
  /** Version of this format. Always first. */
  version: 'gait',
  /** Start of the invocation, ms since 1970. Required. */
  timeMs: 't',
  /** Function key `provider:account:region:name`, `?` for an unknown part. Required unless the envelope names it. */
  function: 'fn',
  /** Learning unit: version number or fingerprint of the task root. */
  revision: 'rev',
  /** Alias or version the caller used. */
  qualifier: 'ver',
  /** Request id of the platform. */
  requestId: 'rid',
  /** Trace id, this invocation's span id, and the id of the span that caused it, as the tracing system writes them. */
  traceId: 'tr',
  spanId: 'sp',
  parentSpanId: 'pa',
  /** Sandbox: random id made at module load, or the log stream. */
  instance: 'in',
  /** Number of the record within its instance, counted from 1. A gap is a lost or suppressed record. */
  sequence: 'seq',
  /** Bits of `WIRE_FLAG`; absent for 0. */
  flags: 'fl',
  /** ok, error, timeout, throttle. */
  status: 'st',
  /** Class of the error, never its message. */
  errorType: 'err',
  /** Handler time. */
  durationMs: 'dur',
  /** Module load until the first invocation, on cold starts. */
  initMs: 'ini',
  /** Largest resident memory seen so far in this sandbox, MiB. */
  memoryMb: 'mem',
  /** Configured memory, MiB. */
  memorySizeMb: 'msz',
  /** CPU time of the process since the previous record. */
  cpuMs: 'cpu',
  /** CPU time of finished child processes since the previous record. */
  childCpuMs: 'cch',
  /** Bytes in use below /tmp. */
  tmpBytes: 'tmp',
  /** Bytes written to and read from sockets since the previous record, whether or not a call is known for them. */
  bytesOut: 'out',
  bytesIn: 'inb',
  /** Size of the event and of the response. */
  requestBytes: 'req',
  responseBytes: 'res',
  /** Records in a queue or stream batch. */
  batchSize: 'n',
  /** Threads and open files of the process at the end. */
  threads: 'thr',
  files: 'fd',
  /** Processes besides the function's own, connections and timers that are still there at the end; when looked at. */
  processes: 'prc',
  sockets: 'soc',
  timers: 'tim',
  /** Records of this instance that were lost inside the function so far. */
  dropped: 'drp',
  /** Other invocations that ran in this sandbox meanwhile: CPU, memory and bytes are then the sandbox's, not this one's. */
  shared: 'shd',
  /** How many of the first calls were made after the previous record and before this invocation began. */
  leftover: 'lft',
  /** http, queue, timer, object, stream, topic, invoke, edge, other. */
  triggerKind: 'tk',
  /** Route, queue, bucket, rule or calling function. */
  triggerSource: 'ts',
  /** Who caused it. A person is a keyed hash (transport pseudonym), anything else its name. */
  principal: 'p',
  /** person, role, service, function, account, anonymous. A principal without a kind is treated as a person. */
  principalKind: 'pk',
  /** Caller's address truncated to its network: IPv4 /24 or IPv6 /48 with zero host bits, `203.0.113.0`. */
  network: 'net',
  /** Country the front end reported, two letters. */
  country: 'cc',
  /** Class of the caller's client: browser, sdk, cli, console, service. Never the user agent. */
  client: 'cl',
  /** Hash of the event's structure. */
  shape: 'sh',
  /**
   * Calls in order, each `[verb, resource, destination, bytesOut, bytesIn, status, offsetMs, durationMs]`. Unknown texts
   * are "", unknown numbers null, and unknown ones at the end are left out. A child process is a call `exec:<program>`.
   */
  calls: 'c',
  /** Truncated HMAC-SHA-256 (hex) over all bytes of the line before `,"mac"`. Always last. */
  mac: 'mac',
} as const;

/** Bits of the flags field. */
export const WIRE_FLAG = {
  /** First invocation of this sandbox. */
  cold: 1,
  /** Describes module load, not an invocation. */
  init: 2,
  /** The trace of this request is one of a sample. */
  sampled: 8,
  /** More calls were made than are listed. */
  callsCut: 16,
} as const;

/** One outbound call, query or child process. */
export interface WireCall {
  /** `service:Operation`, `http:GET`, `exec:<program>`. */
  readonly verb: string;
  /** Bucket, table, queue, function, or host and route template. */
  readonly resource?: string;
  /** Registrable domain, cloud service with its resource, address class. */
  readonly destination?: string;
  readonly bytesOut?: number;
  readonly bytesIn?: number;
  /** HTTP-like, 0..999; exit code for child processes. */
  readonly status?: number;
  /** Start, relative to the record's time. */
  readonly offsetMs?: number;
  readonly durationMs?: number;
}

/** One invocation as the sensor reports it. Numbers are not negative; non-finite ones are left out of the line. */
export interface WireRecord {
  readonly timeMs: number;
  readonly function?: string;
  readonly revision?: string;
  readonly qualifier?: string;
  readonly requestId?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly instance?: string;
  readonly sequence?: number;
  readonly flags?: number;
  readonly status?: 'ok' | 'error' | 'timeout' | 'throttle';
  readonly errorType?: string;
  readonly durationMs?: number;
  readonly initMs?: number;
  readonly memoryMb?: number;
  readonly memorySizeMb?: number;
  readonly cpuMs?: number;
  readonly childCpuMs?: number;
  readonly tmpBytes?: number;
  readonly bytesOut?: number;
  readonly bytesIn?: number;
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  readonly batchSize?: number;
  readonly threads?: number;
  readonly files?: number;
  readonly processes?: number;
  readonly sockets?: number;
  readonly timers?: number;
  readonly dropped?: number;
  readonly shared?: number;
  readonly leftover?: number;
  readonly triggerKind?: 'http' | 'queue' | 'timer' | 'object' | 'stream' | 'topic' | 'invoke' | 'edge' | 'other';
  readonly triggerSource?: string;
  readonly principal?: string;
  readonly principalKind?: 'person' | 'role' | 'service' | 'function' | 'account' | 'anonymous';
  readonly network?: string;
  readonly country?: string;
  readonly client?: string;
  readonly shape?: string;
  readonly calls?: readonly WireCall[];
}

/**
 * The line of a record, without line end and without `mac`. Fractions are rounded to a thousandth (a microsecond of a
 * duration). By concatenation: about a third of the time of `JSON.stringify`.
 */
export function encodeWireRecord(record: WireRecord): string {
  return (
    `{"gait":${WIRE_VERSION},"t":${rounded(record.timeMs)}` +
    text(',"fn":', record.function) +
    text(',"rev":', record.revision) +
    text(',"ver":', record.qualifier) +
    text(',"rid":', record.requestId) +
    text(',"tr":', record.traceId) +
    text(',"sp":', record.spanId) +
    text(',"pa":', record.parentSpanId) +
    text(',"in":', record.instance) +
    number(',"seq":', record.sequence) +
    number(',"fl":', record.flags === 0 ? undefined : record.flags) +
    text(',"st":', record.status) +
    text(',"err":', record.errorType) +
    measurements(record) +
    text(',"tk":', record.triggerKind) +
    text(',"ts":', record.triggerSource) +
    text(',"p":', record.principal) +
    text(',"pk":', record.principalKind) +
    text(',"net":', record.network) +
    text(',"cc":', record.country) +
    text(',"cl":', record.client) +
    text(',"sh":', record.shape) +
    calls(record.calls) +
    '}'
  );
}

/** Adds the MAC, computed by the caller over `line` without its closing brace, as the last field of an encoded record. */
export function sealWireRecord(line: string, mac: string): string {
  return `${line.slice(0, -1)},"mac":${quoted(mac)}}`;
}

function measurements(record: WireRecord): string {
  return (
    number(',"dur":', record.durationMs) +
    number(',"ini":', record.initMs) +
    number(',"mem":', record.memoryMb) +
    number(',"msz":', record.memorySizeMb) +
    number(',"cpu":', record.cpuMs) +
    number(',"cch":', record.childCpuMs) +
    number(',"tmp":', record.tmpBytes) +
    number(',"out":', record.bytesOut) +
    number(',"inb":', record.bytesIn) +
    number(',"req":', record.requestBytes) +
    number(',"res":', record.responseBytes) +
    number(',"n":', record.batchSize) +
    number(',"thr":', record.threads) +
    number(',"fd":', record.files) +
    number(',"prc":', record.processes) +
    number(',"soc":', record.sockets) +
    number(',"tim":', record.timers) +
    number(',"drp":', record.dropped) +
    number(',"shd":', record.shared) +
    number(',"lft":', record.leftover)
  );
}

function calls(list: readonly WireCall[] | undefined): string {
  if (list === undefined || list.length === 0) return '';
  let out = ',"c":[';
  for (let at = 0; at < list.length; at++) out += (at === 0 ? '' : ',') + call(list[at]);
  return `${out}]`;
}

function call(fields: WireCall): string {
  const { verb, resource, destination, bytesOut, bytesIn, status, offsetMs, durationMs } = fields;
  return withoutUnknownTail(
    `[${quoted(verb)},${quoted(resource ?? '')},${quoted(destination ?? '')}` +
      `,${amount(bytesOut)},${amount(bytesIn)},${amount(status)},${amount(offsetMs)},${amount(durationMs)}`,
  );
}

function withoutUnknownTail(list: string): string {
  let end = list.length;
  while (list.endsWith(',null', end)) end -= 5;
  while (list.endsWith(',""', end)) end -= 3;
  return `${list.slice(0, end)}]`;
}

function text(key: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : key + quoted(value);
}

function number(key: string, value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '' : key + rounded(value);
}

function amount(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? 'null' : `${rounded(value)}`;
}

/** Thousandths are enough for every unit of the format; whole numbers stay exact. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Math.round(value * 1000) / 1000;
}

/** What cannot stand in a JSON string as it is: quotes, backslashes, control characters, halves of surrogate pairs. */
const ESCAPED = /["\\\p{Cc}\p{Cs}]/u;

function quoted(value: string): string {
  return ESCAPED.test(value) ? JSON.stringify(value) : `"${value}"`;
}
