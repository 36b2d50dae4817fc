/** Messages of a queue: their checks, their size, and the checksums the SDK compares. */
import { createHash } from 'node:crypto';
import { ServiceError } from '../call.ts';
import type { JsonObject } from '../json-protocol.ts';
import { isObject } from '../json-protocol.ts';

/** An attribute that a sender gave a message. Binary values are base64. */
export interface MessageAttribute {
  readonly dataType: string;
  readonly stringValue?: string;
  readonly binaryValue?: string;
}

/** What a sender sends. */
export interface MessageContent {
  readonly body: string;
  readonly bodyMd5: string;
  readonly attributes: ReadonlyMap<string, MessageAttribute>;
  /** Undefined if there are no attributes. */
  readonly attributesMd5: string | undefined;
  /** `X-Amzn-Trace-Id` of the sender, if it sent one. */
  readonly traceHeader: string | undefined;
  /** Body and attributes. */
  readonly bytes: number;
}

/** Size of a message and of a batch, with its attributes: the service's own limit. */
export const MESSAGE_BYTES_MAX = 1024 * 1024;
/** Attributes of one message: the service's own limit. */
const ATTRIBUTES_MAX = 10;

const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/i;
const DATA_TYPE = /^(String|Number|Binary)(\.[^\s]{1,250})?$/;
// The characters of XML, which is what the service was first spoken to in.
const BODY = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;

/** Checks a message from outside. Throws `ServiceError`. */
export function parseMessage(input: JsonObject): MessageContent {
  const body = input['MessageBody'];
  if (typeof body !== 'string' || body === '') throw missing('MessageBody');
  if (!BODY.test(body)) {
    throw new ServiceError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are those of XML 1.0',
    );
  }
  const attributes = parseAttributes(input['MessageAttributes']);
  const bytes = Buffer.byteLength(body) + attributeBytes(attributes);
  if (bytes > MESSAGE_BYTES_MAX) {
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${MESSAGE_BYTES_MAX} bytes.`,
    );
  }
  return {
    body,
    bodyMd5: createHash('md5').update(body).digest('hex'),
    attributes,
    attributesMd5: attributes.size === 0 ? undefined : attributesMd5(attributes),
    traceHeader: traceHeaderOf(input['MessageSystemAttributes']),
    bytes,
  };
}

/** MD5 over names, types and values in the order of the names, as senders compute it. */
export function attributesMd5(attributes: ReadonlyMap<string, MessageAttribute>): string {
  const hash = createHash('md5');
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of [...attributes.keys()].sort()) {
    const attribute = attributes.get(name);
    if (attribute === undefined) continue;
    add(Buffer.from(name));
    add(Buffer.from(attribute.dataType));
    const isBinary = attribute.binaryValue !== undefined;
    hash.update(Buffer.from([isBinary ? 2 : 1]));
    add(isBinary ? Buffer.from(attribute.binaryValue ?? '', 'base64') : Buffer.from(attribute.stringValue ?? ''));
  }
  return hash.digest('hex');
}

/** The attributes a receiver asks for: by name, by the beginning of a name (`order.*`), or all. */
export function chosenAttributes(
  attributes: ReadonlyMap<string, MessageAttribute>,
  names: readonly string[],
): Map<string, MessageAttribute> {
  const isChosen = (name: string): boolean =>
    names.some((wanted) => {
      if (wanted === 'All' || wanted === '.*' || wanted === name) return true;
      return wanted.endsWith('.*') && name.startsWith(wanted.slice(0, -1));
    });
  return new Map([...attributes].filter(([name]) => isChosen(name)));
}

/** A parameter that is not there. */
export function missing(name: string): ServiceError {
  return new ServiceError('MissingParameter', `The request must contain the parameter ${name}.`);
}

/** A parameter that cannot be used. */
export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterValue', message);
}

function parseAttributes(value: unknown): Map<string, MessageAttribute> {
  const attributes = new Map<string, MessageAttribute>();
  if (value === undefined || value === null) return attributes;
  if (!isObject(value)) throw invalidParameter('MessageAttributes must be a map.');
  const entries = Object.entries(value);
  if (entries.length > ATTRIBUTES_MAX) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${ATTRIBUTES_MAX}].`,
    );
  }
  for (const [name, one] of entries) {
    if (name.length > 256 || !ATTRIBUTE_NAME.test(name)) {
      throw invalidParameter(`Message (user) attribute name '${name}' is invalid.`);
    }
    attributes.set(name, parseAttribute(name, one));
  }
  return attributes;
}

function parseAttribute(name: string, value: unknown): MessageAttribute {
  const dataType = isObject(value) ? value['DataType'] : undefined;
  if (!isObject(value) || typeof dataType !== 'string' || !DATA_TYPE.test(dataType)) {
    throw invalidParameter(`The type of message (user) attribute '${name}' is invalid.`);
  }
  const text = value[dataType.startsWith('Binary') ? 'BinaryValue' : 'StringValue'];
  if (typeof text !== 'string' || text === '') {
    throw invalidParameter(`The message (user) attribute '${name}' must contain a non-empty value of its type.`);
  }
  if (dataType.startsWith('Binary')) return { dataType, binaryValue: Buffer.from(text, 'base64').toString('base64') };
  if (dataType.startsWith('Number') && !Number.isFinite(Number(text))) {
    throw invalidParameter(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  return { dataType, stringValue: text };
}

function attributeBytes(attributes: ReadonlyMap<string, MessageAttribute>): number {
  let bytes = 0;
  for (const [name, { dataType, stringValue = '', binaryValue = '' }] of attributes) {
    bytes += Buffer.byteLength(name) + dataType.length + Buffer.byteLength(stringValue);
    bytes += Buffer.byteLength(binaryValue, 'base64');
  }
  return bytes;
}

function traceHeaderOf(value: unknown): string | undefined {
  const attribute = isObject(value) ? value['AWSTraceHeader'] : undefined;
  const text = isObject(attribute) ? attribute['StringValue'] : undefined;
  return typeof text === 'string' && text.length <= 1024 ? text : undefined;
}
