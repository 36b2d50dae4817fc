import { AGENT_CHARS_MAX, REMEMBERED_MAX } from '../limits.ts';

/** First match wins: deployment programs name the SDK they use, and the SDK names the platform it runs on. */
const CLASSES: readonly (readonly [RegExp, string])[] = [
  [/^[a-z0-9.-]+\.amazonaws\.com|^aws internal|^apn\/1\.0 aws|^amazon/i, 'service'],
  [/aws-cli\/|^gcloud|azurecli|^az\/|google-cloud-sdk/i, 'cli'],
  [/aws-sdk|boto|aws-java|aws-rust|aws\.sdk|azsdk|google-api|gcloud-|gl-(node|python|go|java)/i, 'sdk'],
  [/^mozilla\/5|^opera\/|^[a-z ]*browser/i, 'browser'],
  [
    /curl\/|wget\/|python|okhttp|axios|node-fetch|undici|go-http-client|java\/|postman|insomnia|httpie|libwww|k6\//i,
    'tool',
  ],
];

/** Class of a user agent; '' when there is none, `other` when it is not known. The text itself goes no further. */
export function clientClass(userAgent: string): string {
  if (userAgent === '') return '';
  const known = remembered.get(userAgent);
  if (known !== undefined) return known;
  const agent = userAgent.slice(0, AGENT_CHARS_MAX).trim();
  const found = CLASSES.find(([pattern]) => pattern.test(agent))?.[1] ?? 'other';
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  if (userAgent.length <= AGENT_CHARS_MAX) remembered.set(userAgent, found);
  return found;
}

/** Ten patterns take 2 µs, and the callers of one sandbox are few programs. */
const remembered = new Map<string, string>();
