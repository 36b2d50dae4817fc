import type { Store } from '../storage/store.ts';
import { occasionOf } from './occasion.ts';
import type { Responder } from './responder.ts';
import type { ResponseDesk } from './views.ts';

/** What people and programs may ask of the responder. Everything throws `ResponseError`. */
export function responseDesk(responder: Responder, store: Pick<Store, 'incident'>): ResponseDesk {
  const { responses } = responder;
  return {
    plan: async (asked) => responder.preview(occasionOf(store, asked)),
    start: async ({ incident, function: key, ...how }) =>
      responder.start({ ...occasionOf(store, { incident, function: key }), ...how }),
    extend: (asked) => responder.extend(asked),
    release: (asked) => responder.release(asked),
    list: (state) => (state === 'active' ? responses.active().reverse() : responses.list()),
    get: (id) => responses.get(id),
  };
}
