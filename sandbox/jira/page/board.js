// Draws /api/board, again whenever /events says that something changed, and sends the answers on gates.
// Everything in the board comes from requests: it is inserted as text only, and links only if they are http(s).

const STATES = {
  unknown: "Unknown",
  pending: "Pending",
  in_progress: "In progress",
  cancelled: "Cancelled",
  failed: "Failed",
  rolled_back: "Rolled back",
  successful: "Successful",
};
const byId = (id) => document.getElementById(id);
const updatedBefore = new Map(); // deployment → when it was last stored, to highlight what is new
let drawn = false;
let clockSkew = 0;
let open = null; // the identity of the deployment whose history is shown

function element(tag, { text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
function relative(at) {
  const seconds = Math.min(0, at - (Date.now() / 1000 + clockSkew));
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (seconds <= -length) return RELATIVE.format(Math.ceil(seconds / length), unit);
  }
  return seconds > -10 ? "just now" : RELATIVE.format(Math.ceil(seconds / 10) * 10, "second"); // tens: calm to look at
}
function time(at) {
  const moment = new Date(at * 1000);
  return element("time", { datetime: moment.toISOString(), title: moment.toLocaleString(), "data-at": at, text: relative(at) });
}
setInterval(() => {
  for (const shown of document.querySelectorAll("time[data-at]")) shown.textContent = relative(Number(shown.dataset.at));
}, 1000);

const identity = (site, deployment) =>
  JSON.stringify([site, deployment.pipelineId, deployment.environmentId, deployment.deploymentSequenceNumber]);
const pill = (state) => element("span", { class: "pill", "data-state": state, text: STATES[state] ?? state });

function entry(site, row, deployment) {
  const id = identity(site.name, deployment);
  const fresh = drawn && updatedBefore.get(id) !== deployment.updated;
  const what = element("span", { class: "what", text: deployment.pipeline });
  if (deployment.label) what.append(" · ", deployment.label);
  what.append(" ", element("span", { text: `#${deployment.deploymentSequenceNumber}` }));
  const button = element(
    "button",
    { type: "button", class: fresh ? "deployment fresh" : "deployment", "aria-haspopup": "dialog" },
    pill(deployment.state),
    element("span", { class: "when" }, time(deployment.updated)),
    what,
  );
  button.dataset.identity = id;
  button.dataset.place = JSON.stringify([row.kind, row.key, id]);
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    show(id);
  });
  const made = element("li", {}, button);
  if (deployment.gate) made.append(gate(site, row, deployment));
  return made;
}

const ANSWERED = { allowed: "Allowed in Jira", prevented: "Prevented in Jira" };
const waits = (deployment) => deployment.gate?.status === "awaiting" && deployment.state === "pending";

function standing(deployment) {
  const { issueKey, status } = deployment.gate;
  if (waits(deployment)) return `waits for ${issueKey}`;
  if (status === "awaiting") return `${issueKey} was not answered`;
  return Object.hasOwn(ANSWERED, status) ? `${ANSWERED[status]} (${issueKey})` : `${issueKey} is ${status}`;
}

function gate(site, row, deployment) {
  const badge = element("span", { class: "badge", "data-status": waits(deployment) ? "waits" : deployment.gate.status, text: standing(deployment) });
  const made = element("div", { class: "gate" }, badge);
  if (!waits(deployment)) return made;
  const place = site.environments.find(({ id }) => id === deployment.environmentId).name;
  for (const [text, word] of [["Allow", "allowed"], ["Prevent", "prevented"]]) {
    const button = element("button", { type: "button", class: "answer", "data-answer": word, text,
      "aria-label": `${text} ${deployment.displayName} in ${place} (${deployment.gate.issueKey})` });
    button.dataset.place = JSON.stringify([row.kind, row.key, identity(site.name, deployment), word]);
    button.dataset.fallback = JSON.stringify([row.kind, row.key, identity(site.name, deployment)]);
    button.addEventListener("click", () => answer(site, deployment, word));
    made.append(button);
  }
  made.addEventListener("click", (event) => event.stopPropagation()); // a click beside a button opens nothing
  return made;
}

async function answer(site, { pipelineId, environmentId, deploymentSequenceNumber, displayName, gate }, word) {
  let said = `${displayName}: ${ANSWERED[word]} (${gate.issueKey})`;
  try {
    const reply = await fetch("/api/gating", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ site: site.name, pipelineId, environmentId, deploymentSequenceNumber, answer: word }),
    });
    if (!reply.ok) said = `${displayName}: ${(await reply.json()).message}`;
  } catch {
    said = `${displayName}: the answer did not arrive`;
  }
  byId("notice").textContent = said;
  load(); // the event does the same, unless the connection is lost
}

function cell(site, row, environment) {
  if (!Object.hasOwn(row.cells, environment.id)) {
    return element("td", {}, element("span", { class: "nothing", "aria-label": "no deployment", role: "img", text: "–" }));
  }
  const { deployments, older } = row.cells[environment.id];
  const shown = deployments.map((deployment) => entry(site, row, deployment));
  if (older) shown.push(element("li", { class: "nothing", text: `and ${older} older` }));
  const made = element("td", {}, element("ol", { class: "cell" }, ...shown));
  made.addEventListener("click", () => show(identity(site.name, deployments[0])));
  return made;
}

function table(site) {
  const heads = site.environments.map((environment) =>
    element("th", { scope: "col", text: environment.name }, 
      ...(environment.type === environment.name.toLowerCase() ? [] : [element("small", { text: environment.type })])));
  const rows = site.rows.map((row) => {
    const head = element("th", { scope: "row", "data-kind": row.kind, text: row.kind === "service" ? "Service" : row.key });
    if (row.kind === "service") head.append(element("small", { text: row.key }));
    return element("tr", {}, head, ...site.environments.map((environment) => cell(site, row, environment)));
  });
  return element("table", { class: "board", "aria-label": `Deployments of ${site.name}` },
    element("thead", {}, element("tr", {}, element("th", { scope: "col", text: "Issue" }), ...heads)),
    element("tbody", {}, ...rows));
}

function section(site) {
  const count = `${site.rows.length} ${site.rows.length === 1 ? "row" : "rows"}`;
  const made = element("section", { class: "site" },
    element("h2", { text: site.name }, element("small", { text: count })),
    element("div", { class: "scroll" }, table(site)));
  if (site.rowsLeftOff) made.append(element("p", { class: "left-off", text: `${site.rowsLeftOff} rows without recent changes are not shown.` }));
  return made;
}

let board = { sites: [] };
function everyDeployment() {
  return board.sites.flatMap((site) => site.rows.flatMap((row) =>
    Object.values(row.cells).flatMap(({ deployments }) => deployments).map((deployment) => ({ site, deployment }))));
}

function draw() {
  const { place, fallback } = document.activeElement?.dataset ?? {};
  const filled = board.sites.filter((site) => site.rows.length);
  byId("empty").hidden = filled.length > 0;
  byId("sites").replaceChildren(...filled.map(section));
  for (const { site, deployment } of everyDeployment()) updatedBefore.set(identity(site.name, deployment), deployment.updated);
  drawn = true;
  const focusable = [...document.querySelectorAll("[data-place]")];
  const at = (wanted) => wanted && focusable.find((button) => button.dataset.place === wanted);
  (at(place) ?? at(fallback))?.focus(); // the buttons of an answered gate are gone
  if (open) fill();
}

function link(address, text) {
  const safe = /^https?:\/\//i.test(address);
  return safe ? element("a", { href: address, target: "_blank", rel: "noopener noreferrer", text }) : element("span", { text });
}

function fill() {
  const found = everyDeployment().find(({ site, deployment }) => identity(site.name, deployment) === open);
  byId("details-gone").hidden = Boolean(found);
  if (!found) return;
  const { site, deployment } = found;
  const environment = site.environments.find(({ id }) => id === deployment.environmentId);
  byId("details-place").textContent = `${site.name} / ${environment?.name ?? deployment.environmentId} / ${deployment.pipeline}`;
  byId("details-title").textContent = deployment.displayName;
  const facts = element("dl", { class: "facts" });
  for (const [name, value] of [
    ["State", pill(deployment.state)],
    ["Number", `#${deployment.deploymentSequenceNumber}`],
    ["Label", deployment.label || "–"],
    ["Description", deployment.description],
    ...(deployment.gate ? [["Gate", standing(deployment)]] : []),
    ["Link", link(deployment.url, deployment.url)],
  ]) facts.append(element("dt", { text: name }), element("dd", {}, value));
  const updates = [...deployment.history, ...deployment.dropped].sort((one, other) => other.at - one.at);
  const history = element("table", { class: "history" },
    element("caption", { text: "History, newest first" }),
    element("thead", {}, element("tr", {}, ...["State", "Update number", "When", "Result"].map((text) => element("th", { scope: "col", text })))),
    element("tbody", {}, ...updates.map((update) => element("tr", { class: update.stored ? null : "dropped" },
      element("td", {}, pill(update.state)),
      element("td", { text: String(update.updateSequenceNumber) }),
      element("td", {}, time(update.at), ` (${new Date(update.at * 1000).toLocaleTimeString()})`),
      element("td", { class: "note", text: update.stored ? "stored" : "dropped: number not higher" })))));
  byId("details-body").replaceChildren(facts, history);
}

function show(id) {
  open = id;
  fill();
  if (!byId("details").open) byId("details").showModal();
}
byId("details").addEventListener("close", () => { open = null; });
byId("details").addEventListener("click", (event) => { if (event.target === byId("details")) byId("details").close(); });
byId("details-close").addEventListener("click", () => byId("details").close());

function connection(state) {
  const shown = byId("connection");
  if (shown.dataset.state === state) return;
  shown.dataset.state = state;
  shown.textContent = state;
}

let loading = false;
let again = false;
async function load() {
  if (loading) { again = true; return; }
  loading = true;
  try {
    const answer = await fetch("/api/board");
    const before = JSON.stringify(board.sites);
    board = await answer.json();
    clockSkew = board.now - Date.now() / 1000;
    // A button that is replaced under the mouse loses the click: only what changed is worth it.
    if (!drawn || JSON.stringify(board.sites) !== before) draw();
    connection("connected");
  } catch {
    connection("lost");
  } finally {
    loading = false;
    if (again) { again = false; load(); }
  }
}

for (const origin of document.querySelectorAll(".origin")) origin.textContent = location.origin;
function listen() {
  const events = new EventSource("/events");
  events.addEventListener("changed", load);
  events.addEventListener("error", () => {
    connection("lost");
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 1000); // else the browser tries again by itself
  });
}
listen();
