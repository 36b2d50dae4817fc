/** Classes of client software. The raw user agent is never kept: it identifies people and is the sender's to choose. */
export type ClientClass =
  | ''
  | 'browser'
  | 'sdk'
  | 'cli'
  | 'console'
  | 'terraform'
  | 'pulumi'
  | 'cdk'
  | 'sam'
  | 'serverless'
  | 'ansible'
  | 'cloudformation'
  | 'service'
  | 'tool'
  | 'other';

/** Characters of a user agent that are looked at; the naming part of real ones stands in front. */
const AGENT_CHARS_MAX = 512;

/** First match wins: deployment programs name the SDK they use, and the SDK names the platform it runs on. */
const CLASSES: readonly (readonly [RegExp, ClientClass])[] = [
  [/terraform|opentofu/i, 'terraform'],
  [/pulumi/i, 'pulumi'],
  [/aws-cdk|cdk-assets/i, 'cdk'],
  [/aws-sam-cli/i, 'sam'],
  [/serverless-framework/i, 'serverless'],
  [/ansible/i, 'ansible'],
  [/^cloudformation\.amazonaws\.com/i, 'cloudformation'],
  [/^(console|signin|[a-z0-9-]+\.console)\.|^console\.[a-z0-9-]+\.|aws management console|^s3console/i, 'console'],
  [/^[a-z0-9.-]+\.amazonaws\.com|^aws internal|^apn\/1\.0 aws|^amazon/i, 'service'],
  [/aws-cli\/|^gcloud|azurecli|^az\/|google-cloud-sdk/i, 'cli'],
  [/aws-sdk|boto|aws-java|aws-rust|aws\.sdk|azsdk|google-api|gcloud-|gl-(node|python|go|java)/i, 'sdk'],
  [/^mozilla\/5|^opera\/|^[a-z ]*browser/i, 'browser'],
  [
    /curl\/|wget\/|python|okhttp|axios|node-fetch|undici|go-http-client|java\/|postman|insomnia|httpie|libwww|k6\//i,
    'tool',
  ],
];

/** Class of a user agent; '' when there is none, `other` when it is not known. */
export function clientClass(userAgent: string): ClientClass {
  const agent = userAgent
    .slice(0, AGENT_CHARS_MAX)
    .replace(/^\[|\]$/g, '')
    .trim();
  if (agent === '' || agent === '-') return '';
  for (const [pattern, name] of CLASSES) if (pattern.test(agent)) return name;
  return 'other';
}
