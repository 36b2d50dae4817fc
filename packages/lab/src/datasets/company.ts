/**
 * The invented company of the demonstration: a workshop that repairs bicycles and takes bookings over the web. Every name
 * here is made up and occurs nowhere in the product; accounts, addresses and domains are those reserved for documents.
 */

/** Account and region everything runs in. */
export const ACCOUNT = '111122223333';
/** Region everything runs in. */
export const REGION = 'eu-central-1';

/** Networks (IPv4 /24, last octet left out), all reserved for documentation or benchmarks. */
export const NETWORK = {
  platform: '198.51.100',
  office: '203.0.113',
  pipeline: '198.19.240',
  intruder: '192.0.2',
} as const;

/** One outbound call of a behaviour. Amounts are medians. */
export interface CallSpec {
  readonly verb: string;
  readonly resource: string;
  readonly destination: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly ms: number;
  /** Probability of the call, 1 unless given. */
  readonly chance?: number;
}

/** What a function does for one kind of trigger. Amounts are medians. */
export interface BehaviourSpec {
  readonly name: string;
  readonly weight: number;
  readonly triggerKind: 'http' | 'queue' | 'timer' | 'object' | 'invoke';
  readonly triggerSource: string;
  /** Time spent outside calls. */
  readonly workMs: number;
  /** CPU time. */
  readonly cpuMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly shape: string;
  readonly calls: readonly CallSpec[];
}

/** One function of the company. */
export interface FunctionSpec {
  readonly name: string;
  /** Which telemetry it delivers. */
  readonly source: 'sensor' | 'report' | 'otlp';
  readonly revision: string;
  readonly memorySizeMb: number;
  /** Resident memory of a fresh sandbox. */
  readonly memoryMb: number;
  readonly initMs: number;
  /** Parameters and secrets read at a cold start. */
  readonly secrets: readonly string[];
  readonly behaviours: readonly BehaviourSpec[];
}

/** Key under which Gait knows a function of the company. */
export function keyOf(name: string): string {
  return `aws:${ACCOUNT}:${REGION}:${name}`;
}

/** Execution role of a function. */
export function roleOf(name: string): string {
  return `${name}-role`;
}

/** Names of the functions, by what they do. */
export const FUNCTION = {
  bookings: 'spokewell-booking-api',
  search: 'spokewell-parts-search',
  quotes: 'spokewell-quote-worker',
  photos: 'spokewell-photo-resizer',
  payments: 'spokewell-payment-webhook',
  mailer: 'spokewell-mailer',
  stock: 'spokewell-stock-sync',
  ledger: 'spokewell-ledger-nightly',
  admin: 'spokewell-workshop-admin',
} as const;

/** Role of the deployment pipeline. */
export const DEPLOY_ROLE = 'spokewell-pipeline-deploy';

/** People who work there; their names become tokens when read. */
export const STAFF = ['mira.holt@spokewell.example', 'jonas.eik@spokewell.example', 'petra.lund@spokewell.example'];

const BOOKINGS = 'spokewell-bookings';
const CUSTOMERS = 'spokewell-customers';
const PARTS = 'spokewell-parts';
const PHOTOS = 'spokewell-photos';
const QUOTE_QUEUE = 'spokewell-quotes';
const MAIL_QUEUE = 'spokewell-mail';
/** Where stolen data goes. */
export const DROP_HOST = 'cdn.velo-metrics.example';

/** Names that only the demonstration uses; `tidy` looks for them in the product. */
export const NAMES: readonly string[] = [
  ...Object.values(FUNCTION),
  ...Object.values(FUNCTION).map(roleOf),
  DEPLOY_ROLE,
  ...STAFF,
  BOOKINGS,
  CUSTOMERS,
  PARTS,
  PHOTOS,
  QUOTE_QUEUE,
  MAIL_QUEUE,
  DROP_HOST,
  'velo-metrics.example',
  'api.gearpay.example',
  'parts.bikewholesale.example',
  'spokewell',
];

/** A call to a table. */
function table(operation: string, name: string, bytes: readonly [out: number, inward: number]): CallSpec {
  const [bytesOut, bytesIn] = bytes;
  return { verb: `dynamodb:${operation}`, resource: name, destination: `dynamodb/${name}`, bytesOut, bytesIn, ms: 4.5 };
}

/** A call to a bucket. */
function bucket(operation: string, name: string, bytes: readonly [out: number, inward: number]): CallSpec {
  const [bytesOut, bytesIn] = bytes;
  return { verb: `s3:${operation}`, resource: name, destination: `s3/${name}`, bytesOut, bytesIn, ms: 28 };
}

function queue(name: string): CallSpec {
  const destination = `sqs/${name}`;
  return { verb: 'sqs:SendMessage', resource: name, destination, bytesOut: 1450, bytesIn: 520, ms: 7 };
}

const CONFIRM: CallSpec = {
  verb: 'lambda:Invoke',
  resource: FUNCTION.bookings,
  destination: `lambda/${keyOf(FUNCTION.bookings)}`,
  bytesOut: 940,
  bytesIn: 380,
  ms: 36,
};

const BOOKING_API: FunctionSpec = {
  name: FUNCTION.bookings,
  source: 'sensor',
  revision: '41',
  memorySizeMb: 512,
  memoryMb: 118,
  initMs: 310,
  secrets: ['/spokewell/booking/settings'],
  behaviours: [
    {
      name: 'slots',
      weight: 5,
      triggerKind: 'http',
      triggerSource: 'GET /slots',
      workMs: 6,
      cpuMs: 7,
      requestBytes: 1480,
      responseBytes: 2600,
      shape: '3fa1c07e',
      calls: [table('Query', BOOKINGS, [420, 5200])],
    },
    {
      name: 'book',
      weight: 2,
      triggerKind: 'http',
      triggerSource: 'POST /bookings',
      workMs: 14,
      cpuMs: 13,
      requestBytes: 2150,
      responseBytes: 640,
      shape: '88d0e4b1',
      calls: [
        table('GetItem', CUSTOMERS, [380, 910]),
        table('Query', BOOKINGS, [420, 2300]),
        table('PutItem', BOOKINGS, [1180, 310]),
        queue(QUOTE_QUEUE),
      ],
    },
    {
      name: 'show',
      weight: 3,
      triggerKind: 'http',
      triggerSource: 'GET /bookings/{id}',
      workMs: 5,
      cpuMs: 6,
      requestBytes: 1420,
      responseBytes: 980,
      shape: '3fa1c07e',
      calls: [table('GetItem', BOOKINGS, [390, 1120])],
    },
    {
      name: 'confirm',
      weight: 0,
      triggerKind: 'invoke',
      triggerSource: keyOf(FUNCTION.payments),
      workMs: 7,
      cpuMs: 6,
      requestBytes: 360,
      responseBytes: 120,
      shape: 'c41b7720',
      calls: [table('UpdateItem', BOOKINGS, [760, 290])],
    },
  ],
};

const QUOTE_WORKER: FunctionSpec = {
  name: FUNCTION.quotes,
  source: 'sensor',
  revision: '19',
  memorySizeMb: 1024,
  memoryMb: 164,
  initMs: 520,
  secrets: ['/spokewell/quotes/rates'],
  behaviours: [
    {
      name: 'quote',
      weight: 1,
      triggerKind: 'queue',
      triggerSource: QUOTE_QUEUE,
      workMs: 95,
      cpuMs: 88,
      requestBytes: 1900,
      responseBytes: 60,
      shape: '5e90aa13',
      calls: [
        table('GetItem', BOOKINGS, [390, 1180]),
        table('BatchGetItem', PARTS, [900, 8800]),
        table('UpdateItem', BOOKINGS, [1240, 290]),
        queue(MAIL_QUEUE),
      ],
    },
  ],
};

const PHOTO_RESIZER: FunctionSpec = {
  name: FUNCTION.photos,
  source: 'sensor',
  revision: '8',
  memorySizeMb: 1536,
  memoryMb: 210,
  initMs: 690,
  secrets: [],
  behaviours: [
    {
      name: 'resize',
      weight: 1,
      triggerKind: 'object',
      triggerSource: PHOTOS,
      workMs: 340,
      cpuMs: 420,
      requestBytes: 1350,
      responseBytes: 40,
      shape: 'a07c15d9',
      calls: [bucket('GetObject', PHOTOS, [620, 1_900_000]), bucket('PutObject', PHOTOS, [84_000, 480])],
    },
  ],
};

const PAYMENT_WEBHOOK: FunctionSpec = {
  name: FUNCTION.payments,
  source: 'sensor',
  revision: '27',
  memorySizeMb: 256,
  memoryMb: 92,
  initMs: 240,
  secrets: ['/spokewell/payments/signing'],
  behaviours: [
    {
      name: 'paid',
      weight: 1,
      triggerKind: 'http',
      triggerSource: 'POST /payments/events',
      workMs: 9,
      cpuMs: 8,
      requestBytes: 3100,
      responseBytes: 90,
      shape: '19b64c02',
      calls: [
        {
          verb: 'http:GET',
          resource: 'api.gearpay.example/v1/payments/{}',
          destination: 'gearpay.example',
          bytesOut: 860,
          bytesIn: 2400,
          ms: 62,
        },
        CONFIRM,
      ],
    },
  ],
};

const MAILER: FunctionSpec = {
  name: FUNCTION.mailer,
  source: 'report',
  revision: '12',
  memorySizeMb: 256,
  memoryMb: 88,
  initMs: 260,
  secrets: ['/spokewell/mail/sender'],
  behaviours: [plain('mail', 'queue', { workMs: 140, triggerSource: MAIL_QUEUE })],
};

const STOCK_SYNC: FunctionSpec = {
  name: FUNCTION.stock,
  source: 'report',
  revision: '5',
  memorySizeMb: 512,
  memoryMb: 131,
  initMs: 400,
  secrets: ['/spokewell/stock/wholesaler'],
  behaviours: [plain('sync', 'timer', { workMs: 1850, triggerSource: 'spokewell-every-quarter' })],
};

const LEDGER: FunctionSpec = {
  name: FUNCTION.ledger,
  source: 'sensor',
  revision: '3',
  memorySizeMb: 1024,
  memoryMb: 190,
  initMs: 610,
  secrets: ['/spokewell/ledger/key'],
  behaviours: [
    {
      name: 'close-day',
      weight: 1,
      triggerKind: 'timer',
      triggerSource: 'spokewell-nightly',
      workMs: 6200,
      cpuMs: 3900,
      requestBytes: 410,
      responseBytes: 60,
      shape: '77e2f0c8',
      calls: [
        table('Query', BOOKINGS, [2400, 620_000]),
        table('Query', CUSTOMERS, [1900, 240_000]),
        bucket('PutObject', 'spokewell-ledger', [310_000, 480]),
      ],
    },
  ],
};

const ADMIN: FunctionSpec = {
  name: FUNCTION.admin,
  source: 'sensor',
  revision: '14',
  memorySizeMb: 256,
  memoryMb: 101,
  initMs: 280,
  secrets: ['/spokewell/admin/settings'],
  behaviours: [
    {
      name: 'board',
      weight: 5,
      triggerKind: 'http',
      triggerSource: 'GET /admin/board',
      workMs: 11,
      cpuMs: 10,
      requestBytes: 1900,
      responseBytes: 14_000,
      shape: '3fa1c07e',
      calls: [table('Query', BOOKINGS, [440, 21_000])],
    },
    {
      name: 'close',
      weight: 2,
      triggerKind: 'http',
      triggerSource: 'POST /admin/bookings/{id}/close',
      workMs: 12,
      cpuMs: 10,
      requestBytes: 2300,
      responseBytes: 420,
      shape: '60cb8d35',
      calls: [table('GetItem', BOOKINGS, [390, 1180]), table('UpdateItem', BOOKINGS, [820, 290]), queue(MAIL_QUEUE)],
    },
  ],
};

const SEARCH: FunctionSpec = {
  name: FUNCTION.search,
  source: 'otlp',
  revision: '17',
  memorySizeMb: 512,
  memoryMb: 140,
  initMs: 380,
  secrets: ['/spokewell/search/settings'],
  behaviours: [
    {
      name: 'search',
      weight: 1,
      triggerKind: 'http',
      triggerSource: 'GET /parts',
      workMs: 12,
      cpuMs: 11,
      requestBytes: 1500,
      responseBytes: 7400,
      shape: '3fa1c07e',
      calls: [
        table('Query', PARTS, [520, 18_000]),
        {
          verb: 'http:GET',
          resource: 'parts.bikewholesale.example/v2/prices',
          destination: 'bikewholesale.example',
          bytesOut: 640,
          bytesIn: 3900,
          ms: 88,
          chance: 0.3,
        },
      ],
    },
  ],
};

/** Every function of the company. */
export const FUNCTIONS: readonly FunctionSpec[] = [
  BOOKING_API,
  SEARCH,
  QUOTE_WORKER,
  PHOTO_RESIZER,
  PAYMENT_WEBHOOK,
  MAILER,
  STOCK_SYNC,
  LEDGER,
  ADMIN,
];

/** The function of a name of `FUNCTION`. */
export function specOf(name: string): FunctionSpec {
  const spec = FUNCTIONS.find((candidate) => candidate.name === name);
  if (spec === undefined) throw new Error(`the company has no function ${name}`);
  return spec;
}

/** A behaviour of which the telemetry shows only time and memory. */
function plain(
  name: string,
  triggerKind: 'queue' | 'timer',
  seen: { readonly workMs: number; readonly triggerSource: string },
): BehaviourSpec {
  const { workMs, triggerSource } = seen;
  const amounts = { workMs, cpuMs: workMs / 2, requestBytes: 0, responseBytes: 0 };
  return { name, weight: 1, triggerKind, triggerSource, ...amounts, shape: '', calls: [] };
}
