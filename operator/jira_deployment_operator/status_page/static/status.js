// Fetches the page again and again, and takes over what differs: nothing flickers, what is open stays open, and the
// focus stays where it is. How things look is decided in one place, the operator; nothing is made of text here.

const EVERY = 3000;
const PATIENCE = 10000;
const byId = (id) => document.getElementById(id);
const filter = byId("filter");
let newest = 0; // of several answers that are awaited, only the one to the newest question counts
let lostSince = null;
let lastAnswer = new Date();
let timer = 0;

document.documentElement.classList.add("live");

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key ?? (node.id || null) : null);

// Attributes that belong to whoever looks, not to the page.
const kept = (element, name) => (name === "open" && element.localName === "details")
  || (name === "value" && element.localName === "input") || (name === "selected" && element.localName === "option");

function takeAttributes(shown, wanted) {
  for (const { name } of [...shown.attributes]) {
    if (!wanted.hasAttribute(name) && !kept(shown, name)) shown.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (shown.getAttribute(name) !== value && !kept(shown, name)) shown.setAttribute(name, value);
  }
}

function take(shown, wanted) {
  if (shown.isEqualNode(wanted)) return;
  takeAttributes(shown, wanted);
  const keyed = new Map([...shown.children].map((child) => [keyOf(child), child]).filter(([key]) => key));
  let at = shown.firstChild;
  for (const child of [...wanted.childNodes]) {
    const key = keyOf(child);
    const same = key ? keyed.get(key) : at && !keyOf(at) && at.nodeType === child.nodeType && at.nodeName === child.nodeName ? at : null;
    if (!same) {
      if (key && child.classList.contains("row")) child.classList.add("fresh");
      shown.insertBefore(child, at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else shown.insertBefore(same, at);
    if (same.nodeType === Node.ELEMENT_NODE) take(same, child);
    else if (same.data !== child.data) same.data = child.data;
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function takePage(page) {
  document.title = page.title;
  for (const live of page.querySelectorAll("[data-live]")) {
    const shown = byId(live.id);
    if (shown) take(shown, live);
  }
  const shown = filter?.elements.namespace;
  const wanted = page.querySelector("#filter select[name=namespace]");
  if (shown && wanted && document.activeElement !== shown) {
    const chosen = shown.value;
    take(shown, wanted);
    shown.value = chosen;
  }
}

// Said once, not at every answer: screen readers read it out.
function say(state, text) {
  const connection = byId("connection");
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = text;
}

function connected() {
  say("connected", "up to date");
  byId("lost").hidden = true;
  lostSince = null;
  lastAnswer = new Date();
}

function lost() {
  if (lostSince) return;
  lostSince = lastAnswer;
  const since = lostSince.toLocaleTimeString();
  say("lost", `no answer since ${since}`);
  byId("lost").textContent = `The operator has not answered since ${since}. Below is what it said then. `
    + "If it runs, kubectl port-forward may have ended: start it again, this page goes on by itself.";
  byId("lost").hidden = false;
}

async function load() {
  clearTimeout(timer);
  const question = ++newest;
  try {
    const answer = await fetch(`/${location.search}`, { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (question !== newest) return;
    // On the same port there may be anything by now, and a standby has another page than a leader.
    if (!answer.ok || !page.querySelector("meta[name=application-name][content=jira-deployment-operator]")) throw new Error();
    if (Boolean(page.getElementById("filter")) !== Boolean(filter)) return location.reload();
    takePage(page);
    connected();
  } catch {
    if (question === newest) lost();
  } finally {
    if (question === newest && !document.hidden) timer = setTimeout(load, EVERY);
  }
}

function ask() {
  const asked = new URLSearchParams([...new FormData(filter)].filter(([, value]) => value.trim()));
  history.replaceState(null, "", asked.size ? `/?${asked}` : "/");
  load();
}

let typing = 0;
filter?.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
filter?.addEventListener("change", ask);
filter?.addEventListener("input", (event) => {
  if (event.target.name !== "text") return;
  clearTimeout(typing);
  typing = setTimeout(ask, 200);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.(".copy");
  if (!button) return;
  await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
  button.textContent = "Copied";
});
document.addEventListener("visibilitychange", () => { if (document.hidden) clearTimeout(timer); else load(); });
load();
