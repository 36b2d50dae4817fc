// The status page: what the API says, drawn again when something happens. Everything from outside is set as text.

/** Kept for this tab only. Given once in the address behind `#token=`, which is not sent to the server. */
const KEPT = 'gait-token';
const given = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
if (given !== undefined) {
  sessionStorage.setItem(KEPT, given);
  history.replaceState(null, '', location.pathname);
}

const at = (id) => document.getElementById(id);
const SLOW_MS = 5_000;
const AGAIN_MS = 2_000;
/** Longest beginning of a line that is kept until the rest comes: names of events are shorter. */
const PIECE_CHARS_MAX = 64;

/** Asks the API; undefined when the token is not let in. */
async function ask(path, options = {}) {
  const token = sessionStorage.getItem(KEPT);
  const response = await fetch(path, { ...options, headers: { authorization: `Bearer ${token}` } });
  if (response.status === 401 || response.status === 403) throw new Refused();
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`);
  return response;
}

class Refused extends Error {}

const json = async (path) => (await ask(path)).json();

/** What was drawn last, by place. */
const drawnOf = new Map();

/** Draws a place unless it would look the same: who reads, selects or goes by keyboard there is not disturbed. */
async function place(name, value, make) {
  const text = JSON.stringify(value);
  if (drawnOf.get(name) === text) return;
  at(name).replaceChildren(...(await make()));
  drawnOf.set(name, text);
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function table(heads, rows) {
  const head = element('tr', {}, ...heads.map(({ title, number }) => cell('th', title, number)));
  const body = rows.map((row) =>
    element('tr', {}, ...row.map((value, column) => cell('td', value, heads[column].number))),
  );
  return element('div', { className: 'scroll' }, element('table', {}, head, ...body));
}

function cell(name, value, number) {
  return element(name, { textContent: String(value), className: number ? 'number' : '' });
}

function nothing(text) {
  return element('p', { className: 'none', textContent: text });
}

const time = (ms) =>
  ms > 0 ? new Date(ms).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' }) : '–';
const whole = (value) => Math.round(value).toLocaleString();

function priority(risk) {
  if (risk < 0.25) return 'low';
  if (risk < 0.5) return 'medium';
  return risk < 0.75 ? 'high' : 'critical';
}

/** Incidents that are open in the page stay open when it is drawn again. */
const opened = new Set();

async function drawIncidents() {
  const { items } = await json('api/v1/incidents?limit=50');
  const shown = items.filter((one) => one.mergedInto === undefined);
  await place('incidents', shown, () =>
    shown.length > 0 ? Promise.all(shown.map(incident)) : [nothing('No incident.')],
  );
}

async function incident(one) {
  const level = priority(one.risk);
  const summary = element(
    'summary',
    {},
    element('span', { className: `risk ${level}`, textContent: level }),
    `${one.summary} `,
    element('span', { className: 'state', textContent: `${one.state}, last seen ${time(one.lastMs)}` }),
  );
  const details = element('details', { open: opened.has(one.id) }, summary);
  const fill = async () => {
    if (details.childElementCount > 1) return;
    const { findings } = await json(`api/v1/incidents/${one.id}`);
    const texts = await Promise.all(findings.map(({ id }) => json(`api/v1/findings/${id}`)));
    const drawn = texts.map(({ explanation }) => element('pre', { textContent: explanation.join('\n') }));
    details.append(...drawn);
  };
  details.addEventListener('toggle', () => {
    if (details.open) opened.add(one.id);
    else opened.delete(one.id);
    if (details.open) fill();
  });
  if (details.open) await fill();
  return details;
}

async function drawFunctions() {
  const { items, total } = await json('api/v1/functions?sort=invocations&limit=200');
  const heads = [
    { title: 'Function' },
    { title: 'Invocations', number: true },
    { title: 'Errors', number: true },
    { title: 'Own experience', number: true },
    { title: 'Last seen' },
  ];
  const rows = items.map((one) => [
    one.key,
    whole(one.invocations),
    whole(one.errors),
    `${Math.round(one.maturity * 100)} %`,
    time(one.lastMs),
  ]);
  const more = total > items.length ? [nothing(`and ${whole(total - items.length)} more`)] : [];
  const drawn = rows.length > 0 ? table(heads, rows) : nothing('No function has been seen: no data, not no findings.');
  await place('functions', [rows, total], () => [drawn, ...more]);
}

async function drawResponses() {
  const { responses } = await json('api/v1/responses');
  const heads = [{ title: 'Function' }, { title: 'State' }, { title: 'Until' }, { title: 'By' }];
  const rows = responses.map((one) => [one.function, one.phase, time(one.untilMs), one.startedBy]);
  await place('responses', rows, () => [
    rows.length > 0 ? table(heads, rows) : nothing('No function was quarantined.'),
  ]);
}

async function drawCoverage() {
  const { items } = await json('api/v1/coverage');
  const heads = [
    { title: 'Capability' },
    { title: 'Seen', number: true },
    { title: 'In part', number: true },
    { title: 'Not seen', number: true },
  ];
  const rows = items.map((one) => [one.capability, whole(one.full), whole(one.partial), whole(one.dark)]);
  await place('coverage', rows, () => [rows.length > 0 ? table(heads, rows) : nothing('Nothing has arrived yet.')]);
}

/** How the alert budget is kept; nothing while nothing was judged. */
async function drawStanding() {
  const { budget } = await json('api/v1/standing').catch((error) => {
    if (error instanceof Refused) throw error;
    return {};
  });
  if (budget === undefined) return;
  const { lastWeek } = budget;
  const parts = [
    `Paged in seven days: ${whole(lastWeek.budget)} of a budget of ${whole(budget.perWeek)}`,
    `beside it ${whole(lastWeek.impact)} grave and certain, ${whole(lastWeek.young)} of young functions`,
    `confirmed true ${whole(budget.confirmedTrue)}, false ${whole(budget.confirmedFalse)}, not reviewed ${whole(budget.unreviewed)}`,
  ];
  await place('standing', parts, () => [element('p', { textContent: `${parts.join(' · ')}.` })]);
}

async function drawState() {
  const health = await json('api/v1/health');
  const parts = [
    health.state,
    `${whole(health.appended)} records`,
    `${whole(health.lagMs)} ms behind`,
    `${whole(health.functions)} functions`,
  ];
  if (health.failure !== undefined) parts.push(health.failure);
  at('state').textContent = parts.join(' · ');
  at('state').className = health.state === 'running' ? 'calm' : 'bad';
}

let drawing;
let again = false;

/** Draws everything, one drawing at a time; what is asked for meanwhile is one more. */
function draw() {
  again = true;
  drawing ??= (async () => {
    while (again) {
      again = false;
      await drawOnce();
    }
    drawing = undefined;
  })();
  return drawing;
}

async function drawOnce() {
  try {
    if (sessionStorage.getItem(KEPT) === null) throw new Refused();
    await Promise.all([drawState(), drawIncidents(), drawResponses(), drawFunctions(), drawCoverage(), drawStanding()]);
    at('refused').textContent = '';
    at('sign-in').hidden = true;
    at('content').hidden = false;
  } catch (error) {
    troubled(error);
  }
}

function troubled(error) {
  if (error instanceof Refused) {
    at('state').textContent = 'A token is needed.';
    at('state').className = '';
    if (sessionStorage.getItem(KEPT) !== null) at('refused').textContent = 'This token is not let in.';
    sessionStorage.removeItem(KEPT);
    at('sign-in').hidden = false;
    at('content').hidden = true;
    return;
  }
  at('state').textContent = `No answer: ${error.message}`;
  at('state').className = 'bad';
}

/** Listens to what happens; each event has the page drawn again. */
async function listen() {
  for (;;) {
    try {
      const response = await ask('api/v1/events');
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let before = '';
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        // The name of an event may come in two pieces.
        const text = before + piece.value;
        if (/^event: (finding|incident)\n/m.test(text)) draw();
        before = text.slice(text.lastIndexOf('\n') + 1).slice(0, PIECE_CHARS_MAX);
      }
    } catch (error) {
      if (error instanceof Refused) return;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

at('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, at('token').value.trim());
  draw().then(listen);
});

await draw();
listen();
setInterval(() => sessionStorage.getItem(KEPT) !== null && draw(), SLOW_MS);
