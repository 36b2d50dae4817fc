import { absent, invalid } from './lambda-error.ts';

/** A function as an API call names it. */
export interface Reference {
  readonly name: string;
  readonly qualifier: string | undefined;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const QUALIFIER = /^(\$LATEST|[A-Za-z0-9_-]{1,128})$/;
const FULL = /^arn:aws:lambda:([a-z0-9-]{1,32}):(\d{12}):function:([^:]+)(?::([^:]+))?$/;
const PARTIAL = /^(\d{12}):function:([^:]+)(?::([^:]+))?$/;
const PLAIN = /^([^:]+)(?::([^:]+))?$/;

/**
 * Reads the ways in which a function can be named: its name, ARN, or `account:function:name`, each with or without a
 * qualifier. Throws `LambdaError` for what is no name, for another region or account, and for two different qualifiers.
 */
export function parseReference(
  text: string,
  qualifier: string | undefined,
  place: { readonly accountId: string; readonly region: string },
): Reference {
  const named = partsOf(text);
  if (named === undefined || !NAME.test(named.name))
    throw invalid(`The function name is not valid: ${text.slice(0, 140)}`);
  if (named.qualifier !== undefined && qualifier !== undefined && named.qualifier !== qualifier) {
    throw invalid('The derived qualifier from the function name does not match the specified qualifier.');
  }
  const meant = named.qualifier ?? qualifier;
  if (meant !== undefined && !QUALIFIER.test(meant)) throw invalid('The qualifier is not valid.');
  const isHere =
    (named.region ?? place.region) === place.region && (named.account ?? place.accountId) === place.accountId;
  if (!isHere) throw absent(`Function not found: ${text}`);
  return { name: named.name, qualifier: meant };
}

function partsOf(text: string): (Reference & { readonly region?: string; readonly account?: string }) | undefined {
  const full = FULL.exec(text);
  if (full !== null) return { region: full[1] ?? '', account: full[2] ?? '', name: full[3] ?? '', qualifier: full[4] };
  const partial = PARTIAL.exec(text);
  if (partial !== null) return { account: partial[1] ?? '', name: partial[2] ?? '', qualifier: partial[3] };
  const plain = PLAIN.exec(text);
  return plain === null ? undefined : { name: plain[1] ?? '', qualifier: plain[2] };
}
