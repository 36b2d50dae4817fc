/** Body of a request, bytes: API Gateway's limit of 10 MiB. */
export const BODY_BYTES_MAX = 10_485_760;
/** Body of a request that reaches a function, bytes: the event must fit into a payload of 6 MiB. */
export const EVENT_BYTES_MAX = 6_291_456;
/** Headers of a request, bytes: API Gateway's limit. */
export const HEADER_BYTES_MAX = 10_240;
/** How long a client may take to send a request, ms: as much as an integration may take. */
export const REQUEST_MS_MAX = 30_000;
/** How long an HTTP API waits for a function, ms. */
export const INTEGRATION_MS_MAX = 30_000;
/** Idle connections of clients are closed after this long, ms: longer than most clients keep them. */
export const KEEP_ALIVE_MS = 65_000;
/** Routes of an API: AWS's default quota. */
export const ROUTES_MAX = 300;
/** Shortest period of a schedule, ms. EventBridge has a minute; shorter ones let a day pass in an afternoon. */
export const PERIOD_MS_MIN = 100;
