import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runWatched } from '../sandbox-run.ts';

/** Where a script in a temporary folder finds the real SDK. */
const sdk = (name: string) => pathToFileURL(import.meta.resolve(`@aws-sdk/client-${name}`).slice(7)).href;

const ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'AKIDCANARYKEY',
  AWS_SECRET_ACCESS_KEY: 'canary-secret-key',
  AWS_SESSION_TOKEN: 'canary-session-token',
  AWS_REGION: 'eu-west-1',
};

const WORLD = `
import http from 'node:http';
const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}'));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const endpoint = 'http://127.0.0.1:' + server.address().port;
process.env.AWS_ENDPOINT_URL = endpoint;
const quietly = (promise) => promise.catch(() => {});
`;

async function callsOf(imports: string, work: string): Promise<readonly (readonly unknown[])[]> {
  const { records, status, stderr, stdout } = await runWatched(
    `${WORLD}${imports}
     await watch(async () => { ${work} })({}, context());
     server.close(); server.closeAllConnections();`,
    { environment: ENVIRONMENT },
  );
  assert.equal(status, 0, stderr);
  assert.equal(/AKIDCANARYKEY|canary-/.test(stdout), false);
  const invocation = records.find(({ rid }) => rid !== undefined);
  return ((invocation?.c ?? []) as unknown[][]).map((call) => call.slice(0, 3));
}

suite('calls of the AWS SDK', () => {
  test('to tables are named by operation and table, without a value of theirs', async () => {
    const calls = await callsOf(
      `import { DynamoDBClient, GetItemCommand, PutItemCommand, BatchGetItemCommand, ListTablesCommand } from '${sdk('dynamodb')}';`,
      `const db = new DynamoDBClient({});
       await quietly(db.send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: 'canary-value' } } })));
       await quietly(db.send(new PutItemCommand({ Item: { id: { S: '"TableName":"canary-table"' } }, TableName: 'orders' })));
       await quietly(db.send(new BatchGetItemCommand({ RequestItems: { people: { Keys: [{ id: { S: 'canary-value' } }] } } })));
       await quietly(db.send(new ListTablesCommand({})));`,
    );
    assert.deepEqual(calls, [
      ['dynamodb:GetItem', 'orders', 'dynamodb/orders'],
      ['dynamodb:PutItem', 'orders', 'dynamodb/orders'],
      ['dynamodb:BatchGetItem', 'people', 'dynamodb/people'],
      ['dynamodb:ListTables', '', 'dynamodb'],
    ]);
  });

  test('to queues and buckets', async () => {
    const calls = await callsOf(
      `import { SQSClient, SendMessageCommand } from '${sdk('sqs')}';
       import { S3Client, GetObjectCommand, PutObjectCommand, ListObjectsV2Command, ListBucketsCommand, DeleteObjectCommand } from '${sdk('s3')}';`,
      `const sqs = new SQSClient({});
       await quietly(sqs.send(new SendMessageCommand({ QueueUrl: endpoint + '/123456789012/jobs', MessageBody: 'canary-value' })));
       const s3 = new S3Client({ forcePathStyle: true });
       await quietly(s3.send(new GetObjectCommand({ Bucket: 'photos', Key: 'canary-value.png' })));
       await quietly(s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a/canary-value.png', Body: 'canary-value' })));
       await quietly(s3.send(new ListObjectsV2Command({ Bucket: 'photos', Prefix: 'canary-value' })));
       await quietly(s3.send(new DeleteObjectCommand({ Bucket: 'photos', Key: 'x' })));
       await quietly(s3.send(new ListBucketsCommand({})));`,
    );
    assert.deepEqual(calls, [
      ['sqs:SendMessage', 'jobs', 'sqs/jobs'],
      ['s3:GetObject', 'photos', 's3/photos'],
      ['s3:PutObject', 'photos', 's3/photos'],
      ['s3:ListObjectsV2', 'photos', 's3/photos'],
      ['s3:DeleteObject', 'photos', 's3/photos'],
      ['s3:ListBuckets', '', 's3'],
    ]);
  });

  test('to functions, named by their key, and to the account', async () => {
    const calls = await callsOf(
      `import { LambdaClient, InvokeCommand, ListFunctionsCommand, UpdateFunctionCodeCommand } from '${sdk('lambda')}';
       import { IAMClient, ListRolesCommand, GetRoleCommand } from '${sdk('iam')}';`,
      `const lambda = new LambdaClient({});
       await quietly(lambda.send(new InvokeCommand({ FunctionName: 'mailer', Payload: '"canary-value"' })));
       await quietly(lambda.send(new InvokeCommand({ FunctionName: 'arn:aws:lambda:us-east-1:210987654321:function:far:live' })));
       await quietly(lambda.send(new ListFunctionsCommand({})));
       await quietly(lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'mailer', ZipFile: Buffer.from('canary-value') })));
       const iam = new IAMClient({});
       await quietly(iam.send(new ListRolesCommand({})));
       await quietly(iam.send(new GetRoleCommand({ RoleName: 'deployer' })));`,
    );
    const mailer = 'aws:123456789012:eu-west-1:mailer';
    const far = 'aws:210987654321:us-east-1:far';
    assert.deepEqual(calls, [
      ['lambda:Invoke', mailer, `lambda/${mailer}`],
      ['lambda:Invoke', far, `lambda/${far}`],
      ['lambda:ListFunctions', '', 'lambda'],
      ['lambda:UpdateFunctionCode', mailer, `lambda/${mailer}`],
      ['iam:ListRoles', '', 'iam'],
      ['iam:GetRole', 'deployer', 'iam/deployer'],
    ]);
  });

  test('with a signature but to a host that is not of AWS are calls to that host', async () => {
    const calls = await callsOf(
      '',
      `const authorization = 'AWS4-HMAC-SHA256 Credential=AKIDCANARYKEY/20261125/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0';
       const away = http.createServer((request, response) => response.end('{}'));
       await new Promise((resolve) => away.listen(0, '127.0.0.4', resolve));
       await new Promise((resolve) => http.request({ host: '127.0.0.4', port: away.address().port, method: 'POST', path: '/drop',
         headers: { authorization, 'x-amz-target': 'DynamoDB_20120810.GetItem', host: 'dynamodb.eu-west-1.amazonaws.com' } },
         (response) => response.resume().on('end', resolve)).end('{"TableName":"orders"}'));
       away.close(); away.closeAllConnections();`,
    );
    assert.deepEqual(calls, [['http:POST', '/drop', '127.0.0.4']]);
  });
});
