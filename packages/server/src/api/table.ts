import type { Route } from './route.ts';
import { CONTROL_ROUTES } from './routes/controls.ts';
import { FINDING_ROUTES } from './routes/findings.ts';
import { FUNCTION_ROUTES } from './routes/functions.ts';
import { RESPONSE_ROUTES } from './routes/responses.ts';
import { seriesRoutes } from './routes/series.ts';
import { SERVICE_ROUTES } from './routes/service.ts';

/** Below this all routes of the table are. */
export const API_PREFIX = '/api/v1';

/** Every route that answers JSON to who has a token: the server and its document are both made from this. */
export function routeTable(): readonly Route[] {
  return [
    ...FINDING_ROUTES,
    ...FUNCTION_ROUTES,
    ...seriesRoutes(),
    ...CONTROL_ROUTES,
    ...RESPONSE_ROUTES,
    ...SERVICE_ROUTES,
  ];
}
