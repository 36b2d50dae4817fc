/** An HTTP answer made from what a function returned. */
export interface HttpAnswer {
  readonly status: number;
  /** Names as the function wrote them; several values only of `set-cookie`. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/** Between status and headers, and the body of a streamed answer. */
const PRELUDE_END = Buffer.alloc(8);
/** Headers that the server itself decides on. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Reads what a function returned as an HTTP answer, by the rules of payload format 2.0: an object with `statusCode` is an
 * answer; anything else is a JSON body with status 200, a text is itself. Undefined when it is no answer: a status that is no
 * number, headers that are no object, or no JSON at all.
 */
export function httpAnswer(payload: Uint8Array): HttpAnswer | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const end = bytes[0] === 0x7b ? bytes.indexOf(PRELUDE_END) : -1;
  if (end >= 0) return streamedAnswer(bytes.subarray(0, end), bytes.subarray(end + PRELUDE_END.length));
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const fields = isRecord(value) ? value : {};
  if (!('statusCode' in fields)) {
    const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }
  return mappedAnswer(fields, bodyOf(fields));
}

function streamedAnswer(prelude: Buffer, body: Buffer): HttpAnswer | undefined {
  try {
    const fields: unknown = JSON.parse(prelude.toString('utf8'));
    return isRecord(fields) ? mappedAnswer({ statusCode: 200, ...fields }, body) : undefined;
  } catch {
    return undefined;
  }
}

function mappedAnswer(fields: Readonly<Record<string, unknown>>, body: Buffer): HttpAnswer | undefined {
  const status = Number(fields['statusCode']);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  const given = fields['headers'] ?? {};
  if (!isRecord(given)) return undefined;
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(given)) {
    if (OWN_HEADERS.has(name.toLowerCase()) || !isHeader(name, String(value))) continue;
    headers[name.toLowerCase()] = String(value);
  }
  headers['content-type'] ??= 'application/json';
  const cookies: unknown = fields['cookies'];
  if (Array.isArray(cookies)) {
    const values = cookies.map(String).filter((cookie) => isHeader('set-cookie', cookie));
    if (values.length > 0) headers['set-cookie'] = values;
  }
  return { status, headers, body };
}

function bodyOf(fields: Readonly<Record<string, unknown>>): Buffer {
  const body = fields['body'];
  if (body === undefined || body === null) return Buffer.alloc(0);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return Buffer.from(text, fields['isBase64Encoded'] === true ? 'base64' : 'utf8');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Others would end the server's answer early, or be refused by it. */
function isHeader(name: string, value: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
