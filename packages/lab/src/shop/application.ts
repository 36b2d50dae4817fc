import type { Application, ApplicationFunction, PolicyStatement } from '@gait/platform/contract';
import { buildShop } from './build.ts';

/** Names of what the shop keeps and waits for. */
export const SHOP = {
  prints: 'shop-prints',
  orders: 'shop-orders',
  customers: 'shop-customers',
  pictures: 'shop-pictures',
  payments: 'shop-payments',
  mail: 'shop-mail',
  failed: 'shop-failed',
} as const;

/** Account and region the shop is deployed to; the defaults of the platform. */
export interface ShopPlace {
  readonly accountId: string;
  readonly region: string;
  /** AWS endpoint of the platform: URLs of queues start with it. */
  readonly endpointUrl: string;
}

/** Base URLs of those the shop works with. */
export interface PartnerUrls {
  readonly payment: string;
  readonly mail: string;
  readonly rates: string;
}

/** How often the list of orders is written, ms: a day of the shop takes about a minute and a half. */
const REPORT_EVERY_MS = 15_000;

/** Values the shop's functions trust each other with, and its partners know. Made up; they open nothing. */
const SECRETS = {
  token: 'made-up-signing-secret-of-the-shop',
  payment: 'sk_made_up_payment_secret',
  mail: 'made-up-mail-key',
};

/** Runs longer than any function of the shop should. */
const TIMEOUT_MS = 10_000;
/** A message comes again when it was not handled by then: after the time limit of the function. */
const VISIBILITY_MS = 12_000;
const RECEIVES_MAX = 4;

/**
 * The photo-print shop as the platform deploys it: ten functions with roles of their own, three tables, a bucket, queues, an
 * HTTP API and a schedule. Two roles hold more than they need, as roles do: see `apps/shop/README.md`. Builds the
 * functions when their sources changed.
 */
export async function shopApplication(place: ShopPlace, partners: PartnerUrls): Promise<Application> {
  const built = await buildShop();
  const functions = functionsOf(place, partners).map((one): ApplicationFunction => {
    const code = built.get(one.name);
    if (code === undefined) throw new Error(`there is no code for ${one.name}`);
    return { handler: 'index.handler', timeoutMs: TIMEOUT_MS, memorySizeMb: 256, ...one, codeFolder: code.codeFolder };
  });
  return {
    functions,
    tables: [
      { name: SHOP.prints, key: 'id' },
      { name: SHOP.orders, key: 'id' },
      { name: SHOP.customers, key: 'email' },
    ],
    buckets: [{ name: SHOP.pictures, created: [{ prefix: 'uploads/', function: 'thumbnail' }] }],
    queues: [
      { name: SHOP.failed, visibilityMs: VISIBILITY_MS },
      ...[SHOP.payments, SHOP.mail].map((name) => ({
        name,
        visibilityMs: VISIBILITY_MS,
        deadLetter: { queue: SHOP.failed, receives: RECEIVES_MAX },
      })),
    ],
    // One message at a time, so that each message is one invocation.
    mappings: [
      { source: { queue: SHOP.payments }, function: 'payment', batchSize: 1 },
      { source: { queue: SHOP.mail }, function: 'mailer', batchSize: 1 },
    ],
    routes: ROUTES,
    schedules: [{ name: 'shop-report', everyMs: REPORT_EVERY_MS, function: 'report' }],
  };
}

/** The front door. */
const ROUTES = [
  { route: 'GET /prints', function: 'catalogue' },
  { route: 'GET /prints/{id}', function: 'catalogue' },
  { route: 'GET /prints/{id}/preview', function: 'catalogue' },
  { route: 'GET /search', function: 'catalogue' },
  { route: 'POST /login', function: 'login' },
  { route: 'POST /orders', function: 'order' },
  { route: 'GET /orders/{id}', function: 'order' },
  { route: 'POST /pictures', function: 'upload' },
  { route: 'POST /labels', function: 'label' },
];

type WithoutCode = Omit<ApplicationFunction, 'codeFolder' | 'handler'>;

function functionsOf(place: ShopPlace, partners: PartnerUrls): WithoutCode[] {
  return [...frontFunctions(place, partners), ...backFunctions(place, partners)];
}

/** Functions behind the front door. */
function frontFunctions(place: ShopPlace, partners: PartnerUrls): WithoutCode[] {
  const { table, bucket, queue, lambda } = arnsOf(place);
  const token = { TOKEN_SECRET: SECRETS.token };
  return [
    {
      name: 'catalogue',
      // The first mistake: previews would be enough, but somebody allowed the whole bucket.
      statements: [
        allow(['dynamodb:GetItem', 'dynamodb:Scan'], table(SHOP.prints)),
        allow('s3:GetObject', bucket('*')),
      ],
      environment: { PRINTS_TABLE: SHOP.prints, PICTURES_BUCKET: SHOP.pictures },
    },
    {
      name: 'login',
      statements: [allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], table(SHOP.customers))],
      environment: { CUSTOMERS_TABLE: SHOP.customers, ...token },
    },
    {
      name: 'order',
      statements: [
        allow(['dynamodb:GetItem', 'dynamodb:PutItem'], table(SHOP.orders)),
        allow('dynamodb:BatchGetItem', table(SHOP.prints)),
        allow('sqs:SendMessage', queue(SHOP.payments)),
        allow('lambda:InvokeFunction', lambda('label')),
      ],
      environment: {
        ...{ ORDERS_TABLE: SHOP.orders, PRINTS_TABLE: SHOP.prints, LABEL_FUNCTION: 'label' },
        PAYMENTS_QUEUE: queueUrl(place, SHOP.payments),
        RATES_URL: partners.rates,
        ...token,
      },
    },
    {
      name: 'upload',
      statements: [allow('s3:PutObject', bucket('uploads/*'))],
      environment: { PICTURES_BUCKET: SHOP.pictures, ...token },
    },
    {
      name: 'label',
      statements: [allow('s3:PutObject', bucket('labels/*')), COPIED],
      environment: { PICTURES_BUCKET: SHOP.pictures, ...token },
    },
  ];
}

/** Functions that are called by queues, the bucket, the clock and operators. */
function backFunctions(place: ShopPlace, partners: PartnerUrls): WithoutCode[] {
  const { table, bucket, queue } = arnsOf(place);
  const payment = { PAYMENT_URL: partners.payment, PAYMENT_SECRET: SECRETS.payment };
  const takes = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
  return [
    {
      name: 'thumbnail',
      statements: [allow('s3:GetObject', bucket('uploads/*')), allow('s3:PutObject', bucket('thumbnails/*')), COPIED],
      environment: { PICTURES_BUCKET: SHOP.pictures },
    },
    {
      name: 'payment',
      statements: [
        allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], table(SHOP.orders)),
        allow('sqs:SendMessage', queue(SHOP.mail)),
        allow(takes, queue(SHOP.payments)),
      ],
      environment: { ORDERS_TABLE: SHOP.orders, MAIL_QUEUE: queueUrl(place, SHOP.mail), ...payment },
    },
    {
      name: 'mailer',
      statements: [allow('dynamodb:GetItem', table(SHOP.customers)), allow(takes, queue(SHOP.mail))],
      environment: { CUSTOMERS_TABLE: SHOP.customers, MAIL_URL: partners.mail, MAIL_KEY: SECRETS.mail },
    },
    {
      name: 'report',
      statements: [allow('dynamodb:Scan', table(SHOP.orders)), allow('s3:PutObject', bucket('exports/*'))],
      environment: { ORDERS_TABLE: SHOP.orders, PICTURES_BUCKET: SHOP.pictures },
    },
    {
      name: 'admin',
      statements: [
        allow(['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:Scan'], table(SHOP.orders)),
        allow('dynamodb:Scan', table(SHOP.customers)),
      ],
      environment: { ORDERS_TABLE: SHOP.orders, CUSTOMERS_TABLE: SHOP.customers, ...payment },
    },
  ];
}

/** The second mistake: a statement of the deploy tool, copied into roles of functions that only make pictures and labels. */
const COPIED: PolicyStatement = {
  Sid: 'CopiedFromDeploy',
  Effect: 'Allow',
  Action: ['lambda:ListFunctions', 'lambda:InvokeFunction'],
  Resource: '*',
};

function allow(action: string | readonly string[], resource: string): PolicyStatement {
  return { Effect: 'Allow', Action: action, Resource: resource };
}

function arnsOf({ accountId, region }: ShopPlace) {
  return {
    table: (name: string) => `arn:aws:dynamodb:${region}:${accountId}:table/${name}`,
    bucket: (keys: string) => `arn:aws:s3:::${SHOP.pictures}/${keys}`,
    queue: (name: string) => `arn:aws:sqs:${region}:${accountId}:${name}`,
    lambda: (name: string) => `arn:aws:lambda:${region}:${accountId}:function:${name}`,
  };
}

function queueUrl({ endpointUrl, accountId }: ShopPlace, name: string): string {
  return `${endpointUrl.replace(/\/$/, '')}/${accountId}/${name}`;
}

/** Secrets the partners of the shop check. */
export const PARTNER_SECRETS = { payment: SECRETS.payment, mail: SECRETS.mail } as const;
