/** What a call does to what is stored where it goes, or that it is no call but a child process. The numbers are part of saved state. */
export const VERB_CLASS = { none: 0, read: 1, list: 2, write: 3, delete: 4, child: 5 } as const;
/** The classes in words, by number. */
export const VERB_CLASS_TEXTS = ['', 'read', 'list', 'write', 'delete', ''] as const;

/**
 * Stores, by the service in front of the verb: cloud services, databases by the names that tracing gives them. What is called
 * at other services (`lambda:Invoke`, `sts:AssumeRole`) is no access to stored things.
 */
const STORES: ReadonlySet<string> = new Set([
  ...['s3', 'dynamodb', 'ssm', 'secretsmanager', 'kms', 'athena', 'glacier', 'efs', 'rds', 'rds-data', 'redshift-data'],
  ...['es', 'opensearch', 'timestream', 'neptune-db', 'dax', 'storage', 'firestore', 'bigquery', 'blob', 'cosmosdb'],
  ...['postgresql', 'postgres', 'mysql', 'mariadb', 'mongodb', 'redis', 'memcached', 'cassandra', 'elasticsearch'],
  ...['sqlserver', 'mssql', 'oracle', 'db', 'sql'],
]);

/** First words of operations, in the order in which they are tried: a longer one stands before one it begins with. */
const OPERATIONS: readonly (readonly [RegExp, number])[] = [
  [/^(delete|remove|drop|truncate|purge|batchdelete|del$|unlink|flush)/i, VERB_CLASS.delete],
  [/^(list|scan|describe|keys$|show|head$|headbucket|getbucketl)/i, VERB_CLASS.list],
  [
    /^(batchget|transactget|get|read|query|select|find|fetch|head|mget|hget|lrange|decrypt|aggregate|search|download)/i,
    VERB_CLASS.read,
  ],
  [
    /^(batchwrite|transactwrite|put|write|insert|update|upsert|create|copy|upload|set|append|replace|completemultipart|encrypt|generate|restore|hset|lpush|rpush|merge|post|patch|save)/i,
    VERB_CLASS.write,
  ],
];
/** Methods of HTTP that say by themselves what happens. */
const METHODS: ReadonlyMap<string, number> = new Map([
  ['GET', VERB_CLASS.read],
  ['HEAD', VERB_CLASS.read],
  ['QUERY', VERB_CLASS.read],
  ['PUT', VERB_CLASS.write],
  ['POST', VERB_CLASS.write],
  ['PATCH', VERB_CLASS.write],
  ['DELETE', VERB_CLASS.delete],
  ['PROPFIND', VERB_CLASS.list],
]);

/**
 * Class of a verb as records write it (`s3:GetObject`, `dynamodb:BatchGetItem`, `http:DELETE`, `postgresql:SELECT`): what it does
 * to what is stored. `none` for what is no access to a store, and for operations whose name says nothing. About 1 µs.
 */
export function verbClassOf(verb: string): number {
  const colon = verb.indexOf(':');
  if (colon < 0) return VERB_CLASS.none;
  const service = verb.slice(0, colon).toLowerCase();
  const operation = verb.slice(colon + 1);
  if (service === 'exec') return VERB_CLASS.child;
  if (service === 'http' || service === 'https') return METHODS.get(operation) ?? VERB_CLASS.none;
  if (!STORES.has(service)) return VERB_CLASS.none;
  for (const [pattern, found] of OPERATIONS) if (pattern.test(operation)) return found;
  return VERB_CLASS.none;
}
