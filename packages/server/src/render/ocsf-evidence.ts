import { isIP } from 'node:net';
import type { Evidence } from '@gait/engine/event/finding';

/** One of the schema's objects with `uid` and `name`. */
export interface OcsfNamed {
  readonly uid?: string;
  readonly name?: string;
}

/** What an evidence artifact holds: exactly one of these. */
export interface OcsfEvidence {
  readonly actor?: { readonly user?: OcsfNamed; readonly app_uid?: string };
  readonly api?: {
    readonly operation: string;
    readonly service?: OcsfNamed;
    readonly request?: { readonly uid: string };
  };
  readonly dst_endpoint?: OcsfEndpoint;
  readonly src_endpoint?: OcsfEndpoint;
  readonly file?: { readonly name: string; readonly path?: string; readonly type_id: number; readonly type: string };
}

/** One end of a connection. */
export interface OcsfEndpoint {
  readonly ip?: string;
  readonly hostname?: string;
  readonly name?: string;
  readonly uid?: string;
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})+$/i;
const CALL = /^([a-z][a-z0-9.-]*):([A-Za-z][A-Za-z0-9]*)(?=$| )/;
const EXECUTABLE = 8;

/**
 * The artifact behind one evidence: an API call, the far end of a connection, a program. Undefined for measurements,
 * which `anomaly_analyses` holds, and for texts that are not of the form their parameter has. `requestId` is that of
 * the event.
 */
export function evidenceArtifact(evidence: Evidence, requestId: string): OcsfEvidence | undefined {
  const { parameter, observed } = evidence;
  if (observed === '') return undefined;
  switch (parameter) {
    case 'destination':
      return { dst_endpoint: endpointOf(observed) };
    case 'callee':
      return { dst_endpoint: { name: observed } };
    case 'caller':
      return { actor: { app_uid: observed } };
    case 'network':
      return { src_endpoint: { uid: observed } };
    case 'call':
    case 'api_action':
      return callOf(observed, requestId);
    case 'child_process':
      return { file: programOf(observed.replace(/^exec:/, '')) };
    default:
      return undefined;
  }
}

/** Destination keys: `example.com`, `github.com#<hash>`, `address:203.0.113.9`, `s3/bucket`. */
function endpointOf(destination: string): OcsfEndpoint {
  const address = destination.startsWith('address:') ? destination.slice('address:'.length) : '';
  if (isIP(address) !== 0) return { ip: address };
  const [host, path] = destination.split('#', 2);
  if (!HOST_NAME.test(host)) return { name: destination };
  return path === undefined ? { hostname: host } : { hostname: host, name: destination };
}

/** `service:Operation`, with what it was done to behind a space. */
function callOf(text: string, requestId: string): OcsfEvidence | undefined {
  const match = CALL.exec(text);
  if (match === null) return undefined;
  return {
    api: {
      operation: match[2],
      service: { name: match[1] },
      ...(requestId === '' ? {} : { request: { uid: requestId } }),
    },
  };
}

/** The schema's `process` needs a process id, which nobody reports; the program's file is what is known. */
function programOf(path: string): NonNullable<OcsfEvidence['file']> {
  const name = path.slice(path.lastIndexOf('/') + 1) || path;
  return { name, ...(name === path ? {} : { path }), type_id: EXECUTABLE, type: 'Executable File' };
}
