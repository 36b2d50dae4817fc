import { isIP } from 'node:net';
import { z } from 'zod';
import { patternProblem } from '../access/patterns.ts';

/** Port of OTLP over HTTP, so that exporters with default settings find the server. */
const PORT_DEFAULT = 4318;
const PORT_MAX = 65_535;
const MIB = 1024 * 1024;
/** What the specification of OTLP over HTTP recommends; larger ones could hold up all others. */
const BODY_BYTES_MAX = 64 * MIB;
/** Monitors of heartbeats count in minutes; more often would only be noise. */
const HEARTBEAT_SECONDS_DEFAULT = 60;
const HEARTBEAT_SECONDS_MIN = 5;
const HEARTBEAT_SECONDS_MAX = 3_600;
/** A shorter key could be guessed. */
export const SENSOR_KEY_CHARS_MIN = 32;
const SENSOR_KEY_CHARS_MAX = 1_024;
/** Names of accounts, regions and paths are far shorter. */
const TEXT_CHARS_MAX = 1_024;
/** Functions that are never touched are exceptions; a fleet of them is named by patterns. */
const PROTECTED_MAX = 1_000;

const text = z.string().min(1).max(TEXT_CHARS_MAX);
/** A part of a function key: no colons, no spaces, no stars. */
const keyPart = text.regex(/^[^\s:*\p{C}]+$/u, 'must be a word without spaces, colons and stars');

const address = z
  .string()
  .max(TEXT_CHARS_MAX)
  .refine(
    (value) => value === 'localhost' || isIP(value) !== 0,
    'must be an address such as 127.0.0.1, ::1 or 0.0.0.0',
  );

const url = z
  .string()
  .max(TEXT_CHARS_MAX)
  .refine(isPlainUrl, 'must be a URL that begins with https:// or http:// and holds no user name');

const pattern = z.string().superRefine((value, context) => {
  const problem = patternProblem(value);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: `must be a pattern: ${problem}` });
});

/** Whether a text is a URL a request can be sent to as it is: fetch refuses those with a user name. */
function isPlainUrl(value: string): boolean {
  const parsed = URL.parse(value);
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === '';
}

/** Where the server listens. */
export const LISTEN = z
  .strictObject({
    address: address.default('127.0.0.1').describe('address to listen on; `0.0.0.0` or `::` for all of them'),
    port: z.int().min(0).max(PORT_MAX).default(PORT_DEFAULT).describe('port; 0 takes a free one'),
    insecure: z
      .boolean()
      .default(false)
      .describe('listen beyond this machine without TLS, because something in front of the server speaks TLS'),
  })
  .prefault({});

/**
 * The one configuration file. Each key has a default or may be left out; descriptions are those of
 * docs/reference/config.md. Whether an address beyond this machine is allowed depends on two keys and is checked apart.
 */
export const CONFIG = z.strictObject({
  data: text.default('./gait-data').describe('the data folder'),
  listen: LISTEN,
  tls: z
    .strictObject({
      certificate: text.describe('file of the certificate chain, PEM'),
      key: text.describe('file of its private key, PEM'),
    })
    .optional(),
  source: z
    .strictObject({
      provider: keyPart.default('aws').describe('provider of functions whose telemetry does not say'),
      account: keyPart.default('?').describe('account of functions whose telemetry does not say'),
      region: keyPart.default('?').describe('region of functions whose telemetry does not say'),
    })
    .prefault({}),
  geo: z
    .strictObject({
      country: text.optional().describe('file that says in which country addresses are, MMDB or CSV'),
      asn: text.optional().describe('file that says who owns the network of addresses, MMDB or CSV'),
    })
    .prefault({}),
  limits: z
    .strictObject({
      bodyBytes: z
        .int()
        .min(1024)
        .max(BODY_BYTES_MAX)
        .default(BODY_BYTES_MAX)
        .describe('largest body of one request with telemetry, before and after it is inflated, bytes'),
    })
    .prefault({}),
  sensor: z
    .strictObject({
      keyFile: text.optional().describe('file that holds the key with which sensors sign log lines'),
      key: z
        .string()
        .min(SENSOR_KEY_CHARS_MIN)
        .max(SENSOR_KEY_CHARS_MAX)
        .regex(/^\S+$/, 'must have no spaces')
        .optional()
        .describe('the key itself; better in a file of its own'),
    })
    .refine(({ key, keyFile }) => key === undefined || keyFile === undefined, 'give key or keyFile, not both')
    .prefault({}),
  heartbeat: z
    .strictObject({
      url: url.describe('where to POST a sign of life while the engine moves'),
      everySeconds: z
        .int()
        .min(HEARTBEAT_SECONDS_MIN)
        .max(HEARTBEAT_SECONDS_MAX)
        .default(HEARTBEAT_SECONDS_DEFAULT)
        .describe('how often, seconds; the monitor should wait three times as long'),
    })
    .optional(),
  aws: z
    .strictObject({
      endpoint: url.optional().describe('where the API is, if not at its usual place'),
      profile: text.optional().describe('profile of the shared credentials file; else the usual chain'),
    })
    .optional(),
  response: z
    .strictObject({
      protected: z
        .array(pattern)
        .max(PROTECTED_MAX)
        .default([])
        .describe('functions no response ever touches: patterns `provider:account:region:name`'),
      inlinePolicies: z
        .boolean()
        .default(false)
        .describe('write the quarantine policy into a role for which nobody has made one beforehand'),
    })
    .prefault({}),
});
