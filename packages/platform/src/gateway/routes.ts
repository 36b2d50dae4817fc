import { ROUTES_MAX } from './limits.ts';

/** Why a list of routes is refused. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  readonly code: 'malformed' | 'duplicate' | 'too-many';
  constructor(code: 'malformed' | 'duplicate' | 'too-many', message: string) {
    super(message);
    this.code = code;
  }
}

/** A route that fits a request. */
export interface RouteMatch<T> {
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
  readonly target: T;
}

interface Route<T> {
  readonly routeKey: string;
  readonly method: string;
  readonly parts: readonly string[];
  readonly target: T;
}

/**
 * Routes of an HTTP API: `GET /prints/{id}`, `ANY /{proxy+}`, `$default`. The most specific one wins, as at AWS: fixed parts
 * before `{name}` before `{name+}`, the method before `ANY`, and `$default` last.
 */
export class Routes<T> {
  readonly #routes: readonly Route<T>[];

  /** Throws `RouteError`. */
  constructor(routes: readonly { readonly route: string; readonly target: T }[]) {
    if (routes.length > ROUTES_MAX) throw new RouteError('too-many', `An API has at most ${ROUTES_MAX} routes`);
    const parsed = routes.map(({ route, target }) => parse(route, target));
    const keys = new Set(parsed.map((route) => route.routeKey.replaceAll(/\{[^}+]+(\+?)\}/g, '{$1}')));
    if (keys.size < parsed.length) throw new RouteError('duplicate', 'Two routes fit the same requests');
    this.#routes = parsed.toSorted(bySpecificity);
  }

  /** The route for a request; `path` without its query, as sent. Costs one look at each route. */
  match(method: string, path: string): RouteMatch<T> | undefined {
    const parts = path.split('/').slice(1);
    for (const route of this.#routes) {
      if (route.method !== 'ANY' && route.method !== method) continue;
      const parameters = fit(route.parts, parts);
      if (parameters === undefined) continue;
      const { routeKey, target } = route;
      const pathParameters = Object.keys(parameters).length === 0 ? undefined : parameters;
      return { routeKey, pathParameters, target };
    }
    return undefined;
  }
}

function parse<T>(text: string, target: T): Route<T> {
  if (text === '$default') return { routeKey: text, method: 'ANY', parts: ['{+}'], target };
  const match = /^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\/\S*)$/.exec(text);
  const [, method = '', path = ''] = match ?? [];
  const parts = path.split('/').slice(1);
  const isWhole = parts.every(
    (part, at) => /^(\{[\w.:-]+\}|[^{}]*)$/.test(part) || isRest(part, at === parts.length - 1),
  );
  if (match === null || !isWhole) throw new RouteError('malformed', `'${text}' is not a method and a path`);
  return { routeKey: text, method, parts, target };
}

function isRest(part: string, isLast: boolean): boolean {
  return isLast && /^\{[\w.:-]+\+\}$/.test(part);
}

function fit(route: readonly string[], path: readonly string[]): Readonly<Record<string, string>> | undefined {
  const parameters: Record<string, string> = {};
  for (const [at, part] of route.entries()) {
    if (part === '{+}') return parameters;
    if (part.endsWith('+}')) {
      const rest = path.slice(at).join('/');
      if (rest === '') return undefined;
      parameters[part.slice(1, -2)] = decoded(rest);
      return parameters;
    }
    const given = path[at];
    if (given === undefined) return undefined;
    if (part.startsWith('{')) {
      if (given === '') return undefined;
      parameters[part.slice(1, -1)] = decoded(given);
    } else if (part !== given) return undefined;
  }
  return route.length === path.length ? parameters : undefined;
}

/** Compares part by part; what is fixed longer comes first. */
function bySpecificity<T>(a: Route<T>, b: Route<T>): number {
  for (let at = 0; at < Math.max(a.parts.length, b.parts.length); at += 1) {
    const difference = rank(a.parts[at]) - rank(b.parts[at]);
    if (difference !== 0) return difference;
  }
  return Number(a.method === 'ANY') - Number(b.method === 'ANY');
}

function rank(part: string | undefined): number {
  if (part === undefined) return 0;
  if (part === '{+}') return 4;
  if (part.endsWith('+}')) return 3;
  return part.startsWith('{') ? 2 : 1;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
