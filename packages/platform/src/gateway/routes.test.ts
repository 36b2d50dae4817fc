import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouteError, Routes } from './routes.ts';

const make = (...routes: string[]) => new Routes(routes.map((route) => ({ route, target: route })));

describe('routes of an HTTP API', () => {
  it('match method and path, and take parameters out of it', () => {
    const match = make('GET /prints/{id}').match('GET', '/prints/a%20b');
    assert.deepEqual(match, {
      routeKey: 'GET /prints/{id}',
      pathParameters: { id: 'a b' },
      target: 'GET /prints/{id}',
    });
    assert.equal(make('GET /prints/{id}').match('POST', '/prints/1'), undefined);
    assert.equal(make('GET /prints/{id}').match('GET', '/prints'), undefined);
    assert.equal(make('GET /prints/{id}').match('GET', '/prints/1/more'), undefined);
    assert.equal(make('GET /prints/{id}').match('GET', '/prints/'), undefined);
  });

  it('prefer fixed parts, then one part, then the rest, whatever their order', () => {
    const routes = make('$default', 'ANY /{proxy+}', 'GET /a/{id}', 'GET /a/b', 'ANY /a/b', 'GET /a/{more+}');
    assert.equal(routes.match('GET', '/a/b')?.target, 'GET /a/b');
    assert.equal(routes.match('PUT', '/a/b')?.target, 'ANY /a/b');
    assert.equal(routes.match('GET', '/a/x')?.target, 'GET /a/{id}');
    assert.deepEqual(routes.match('GET', '/a/x/y')?.pathParameters, { more: 'x/y' });
    assert.deepEqual(routes.match('GET', '/z/y')?.pathParameters, { proxy: 'z/y' });
    assert.equal(routes.match('GET', '/')?.routeKey, '$default');
  });

  it('refuse what is no route, and two that fit the same', () => {
    for (const route of ['GET prints', 'get /a', 'GET /{a+}/b', 'GET /a{b}', 'GET /{}']) {
      assert.throws(
        () => make(route),
        (error) => error instanceof RouteError && error.code === 'malformed',
        route,
      );
    }
    assert.throws(
      () => make('GET /{a}', 'GET /{b}'),
      (error) => error instanceof RouteError && error.code === 'duplicate',
    );
  });
});
