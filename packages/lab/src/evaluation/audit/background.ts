import { DAY_MS } from '../engine-run.ts';

/** The account everything happens in. */
export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';
/** A Monday. */
export const START_MS = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const WEEK_DAYS = 7;

/** Who acts: an identity as the trail writes it, where from, and with what. */
export interface Actor {
  readonly name: string;
  readonly identity: { readonly [key: string]: unknown };
  readonly address: string;
  readonly agent: string;
}

/** A record of the trail, and when it happened. */
export interface TrailRecord {
  readonly atMs: number;
  readonly record: { readonly [key: string]: unknown };
}

/** What administrators do, most frequent first: looking around far more than changing things. */
const ADMIN_ACTIONS =
  'ec2:DescribeInstances lambda:ListFunctions20150331 s3:ListBuckets logs:FilterLogEvents lambda:GetFunction20150331v2 iam:ListRoles cloudwatch:GetMetricData ec2:DescribeSecurityGroups iam:GetRole logs:DescribeLogGroups rds:DescribeDBInstances sts:GetCallerIdentity cloudformation:DescribeStacks dynamodb:ListTables ec2:DescribeSubnets iam:ListUsers kms:ListKeys ssm:DescribeParameters secretsmanager:ListSecrets sns:ListTopics sqs:ListQueues cloudtrail:LookupEvents ec2:DescribeImages ec2:DescribeSnapshots ssm:GetParameters ec2:DescribeVolumes iam:ListAccessKeys cloudtrail:DescribeTrails ssm:DescribeInstanceInformation lambda:UpdateFunctionConfiguration20150331v2 ec2:StartInstances ec2:StopInstances secretsmanager:GetSecretValue iam:GetPolicy iam:ListPolicies ec2:AuthorizeSecurityGroupIngress ec2:CreateTags iam:CreateRole iam:AttachRolePolicy s3:PutBucketPolicy ec2:ModifyInstanceAttribute iam:CreateUser iam:CreateAccessKey lambda:UpdateFunctionCode20150331v2 ec2:RunInstances logs:PutRetentionPolicy iam:UpdateAssumeRolePolicy ssm:SendCommand iam:PutRolePolicy ec2:CreateSnapshot events:PutRule iam:AttachUserPolicy lambda:AddPermission20150331v2 ec2:DescribeInstanceAttribute iam:DeleteAccessKey kms:CreateGrant iam:CreateLoginProfile cloudtrail:UpdateTrail sts:AssumeRole ec2:ModifyImageAttribute'.split(
    ' ',
  );
const DEPLOY_ACTIONS =
  'lambda:GetFunction20150331v2 lambda:UpdateFunctionCode20150331v2 lambda:PublishVersion20150331 lambda:UpdateAlias20150331 lambda:UpdateFunctionConfiguration20150331v2 cloudformation:DescribeStacks cloudformation:CreateChangeSet'.split(
    ' ',
  );
const RARE_DEPLOY_ACTIONS =
  'iam:PutRolePolicy iam:CreateRole lambda:AddPermission20150331v2 lambda:CreateFunction20150331 lambda:CreateEventSourceMapping20150331 events:PutRule s3:PutBucketNotification iam:PassRole'.split(
    ' ',
  );
const AUDIT_ACTIONS = ADMIN_ACTIONS.filter(
  (action) => /:(Describe|List|Get)/.test(action) && !/Secret|Parameters/.test(action),
);
const FUNCTION_ACTIONS =
  'dynamodb:DescribeTable s3:GetBucketLocation kms:Decrypt secretsmanager:GetSecretValue ssm:GetParameters sts:GetCallerIdentity sqs:GetQueueAttributes sns:GetTopicAttributes kms:GenerateDataKey'.split(
    ' ',
  );
const FUNCTIONS = ['checkout', 'invoices', 'thumbnails', 'mailer', 'search', 'reports', 'webhooks', 'export'] as const;

/** Mulberry32 (T. Ettinger): a seeded stream of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function user(name: string, address: string, agent: string): Actor {
  const arn = `arn:aws:iam::${ACCOUNT}:user/${name}`;
  return { name, address, agent, identity: { type: 'IAMUser', accountId: ACCOUNT, arn, userName: name } };
}

function role(name: string, of: { address: string; agent: string; session: string; key: string }): Actor {
  const issuer = { type: 'Role', arn: `arn:aws:iam::${ACCOUNT}:role/${name}`, userName: name, accountId: ACCOUNT };
  const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/${name}/${of.session}`;
  const identity = {
    type: 'AssumedRole',
    accountId: ACCOUNT,
    arn,
    principalId: `AROA:${of.session}`,
    accessKeyId: of.key,
    sessionContext: { sessionIssuer: issuer, attributes: { mfaAuthenticated: 'false' } },
  };
  return { name, address: of.address, agent: of.agent, identity };
}

const SDK = 'aws-sdk-js/3.600.0 ua/2.0 os/linux lang/js md/nodejs#22 exec-env/AWS_Lambda_nodejs22.x';
const CONSOLE = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36';
const CLI = 'aws-cli/2.15.0 Python/3.11';

/** People who may come from several places; the third and later work with the command line, too. */
export const ADMINS: readonly Actor[] = ['ana', 'boris', 'chen', 'dara'].map((name, at) =>
  user(name, `203.0.${113 + at}.7`, at < 2 ? CONSOLE : CLI),
);
export const DEPLOYER = role('ci-deploy', {
  address: '198.51.100.20',
  agent: 'aws-sdk-go/1.50 terraform/1.7',
  session: 'pipeline',
  key: 'ASIADEPLOY',
});
export const AUDITOR = role('security-audit', {
  address: '198.51.100.77',
  agent: 'Boto3/1.34 Botocore/1.34',
  session: 'scan',
  key: 'ASIAAUDIT',
});

/** Seeded benign life of an account: administrators, a deploy robot, an auditor, a monitor, the roles of functions, newcomers. */
export function background(seed: number, from: number, to: number): TrailRecord[] {
  const records: TrailRecord[] = [];
  for (let day = from; day < to; day++) {
    // Every day has a stream of its own, so that days are the same whichever span is asked for.
    const random = seeded(seed * 1000 + day);
    const add = (atMs: number, actor: Actor, action: string): void => {
      records.push({ atMs, record: written(actor, { atMs, action, id: `${day}-${records.length}`, random }) });
    };
    const dayMs = START_MS + day * DAY_MS;
    if (day % WEEK_DAYS < 5) for (const admin of ADMINS) workday(admin, { dayMs, random, add });
    if (day % WEEK_DAYS < 5) deployments({ dayMs, random, add });
    programs({ day, dayMs, random, add });
  }
  return records.sort((a, b) => a.atMs - b.atMs);
}

interface DayOf {
  readonly dayMs: number;
  readonly random: () => number;
  readonly add: (atMs: number, actor: Actor, action: string) => void;
}

/** A few sessions of work; actions by Zipf's law, so that each week somebody does something for the first time. */
function workday(admin: Actor, { dayMs, random, add }: DayOf): void {
  const sessions = 1 + Math.floor(random() * 4);
  for (let session = 0; session < sessions; session++) {
    let atMs = dayMs + (8 + random() * 9) * HOUR_MS;
    const away = random() < 0.05;
    const actor = away ? { ...admin, address: `192.0.2.${Math.floor(random() * 250)}` } : admin;
    for (let call = Math.floor(3 + random() * random() * 40); call > 0; call--) {
      const rank = Math.floor(Math.exp(random() * Math.log(ADMIN_ACTIONS.length + 1)) - 1);
      add(atMs, actor, ADMIN_ACTIONS[Math.min(rank, ADMIN_ACTIONS.length - 1)]);
      atMs += random() * 3 * MINUTE_MS;
    }
  }
}

function deployments({ dayMs, random, add }: DayOf): void {
  for (let left = Math.floor(random() * 6); left > 0; left--) {
    let atMs = dayMs + (9 + random() * 8) * HOUR_MS;
    for (const action of DEPLOY_ACTIONS) {
      atMs += random() * 20_000;
      add(atMs, DEPLOYER, action);
    }
    if (random() < 0.15) {
      add(atMs + 1000, DEPLOYER, RARE_DEPLOY_ACTIONS[Math.floor(random() * RARE_DEPLOY_ACTIONS.length)]);
    }
  }
}

function programs({ day, dayMs, random, add }: DayOf & { readonly day: number }): void {
  for (let at = 0; at < AUDIT_ACTIONS.length; at++) add(dayMs + 3 * HOUR_MS + at * 9000, AUDITOR, AUDIT_ACTIONS[at]);
  const monitor = user('monitoring', '198.51.100.90', 'Boto3/1.34 Botocore/1.34');
  for (let ms = 0; ms < DAY_MS; ms += 15 * MINUTE_MS) add(dayMs + ms, monitor, 'cloudwatch:GetMetricData');
  const names = [...FUNCTIONS, ...(day >= 9 ? ['refunds'] : []), ...(day >= 31 ? ['labels'] : [])];
  for (const [at, name] of names.entries()) {
    for (let left = 6 + ((at * 7) % 30); left > 0; left--) {
      const key = `ASIA${name.toUpperCase()}${day}${Math.floor(random() * 4)}`;
      const actor = role(`${name}-role`, { address: `198.51.100.${at < 4 ? 1 : 2}`, agent: SDK, session: name, key });
      const action = FUNCTION_ACTIONS[(at + Math.floor(random() * random() * 3)) % FUNCTION_ACTIONS.length];
      add(dayMs + random() * DAY_MS, actor, action);
    }
  }
}

/** A record as the trail writes it. */
function written(
  actor: Actor,
  of: { atMs: number; action: string; id: string; random: () => number },
): TrailRecord['record'] {
  const [service, name] = of.action.split(':');
  const denied = of.random() < 0.004;
  return {
    eventVersion: '1.09',
    userIdentity: actor.identity,
    eventTime: new Date(of.atMs).toISOString(),
    eventSource: `${service}.amazonaws.com`,
    eventName: name,
    awsRegion: REGION,
    sourceIPAddress: actor.address,
    userAgent: actor.agent,
    ...(denied ? { errorCode: 'AccessDenied' } : {}),
    readOnly: /^(Describe|List|Get|Lookup|Filter)/.test(name),
    requestParameters: requestOf(of.action, of.random),
    eventID: `benign-${of.id}`,
    requestID: `benign-${of.id}`,
    recipientAccountId: ACCOUNT,
  };
}

function requestOf(action: string, random: () => number): unknown {
  const pick = (): string => FUNCTIONS[Math.floor(random() * FUNCTIONS.length)];
  if (action.startsWith('lambda:') && !action.includes('List')) return { functionName: pick() };
  if (/Secret/.test(action)) return { secretId: `prod/${pick()}` };
  if (/Role/.test(action)) return { roleName: `${pick()}-role` };
  return null;
}
