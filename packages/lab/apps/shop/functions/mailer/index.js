const http = require('node:http');
const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb');

const tables = new DynamoDBClient({});
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
const { CUSTOMERS_TABLE, MAIL_URL, MAIL_KEY } = process.env;

const WAIT_MS = 2_000;
const ATTEMPTS_MAX = 3;
const SUBJECTS = { paid: 'Your order is on its way', declined: 'We could not charge your card' };

/** Writes mails to customers. One that cannot be sent comes again with its whole message. */
exports.handler = async (event) => {
  for (const { body } of event.Records) {
    const { to, kind, orderId } = JSON.parse(body);
    const name = await nameOf(to);
    await send({
      to,
      subject: SUBJECTS[kind] ?? 'News of your order',
      text: `Dear ${name},\n\norder ${orderId}: ${kind}.\n`,
    });
  }
};

async function nameOf(email) {
  const { Item } = await tables.send(new GetItemCommand({ TableName: CUSTOMERS_TABLE, Key: { email: { S: email } } }));
  return Item?.name?.S ?? 'customer';
}

async function send(mail) {
  for (let attempt = 1; ; attempt++) {
    const status = await deliver(JSON.stringify(mail)).catch(() => 0);
    if (status === 202) return;
    if (attempt === ATTEMPTS_MAX || (status >= 400 && status < 500)) throw new Error(`mail was not taken: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** attempt));
  }
}

/** Status of the answer. */
function deliver(text) {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'x-api-key': MAIL_KEY,
    };
    const request = http.request(
      `${MAIL_URL}/v3/messages`,
      { method: 'POST', agent, headers, timeout: WAIT_MS },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
        response.on('error', reject);
      },
    );
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    request.end(text);
  });
}
