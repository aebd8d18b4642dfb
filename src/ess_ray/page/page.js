// The page: asks the collector every few seconds and shows what it says, and says so when it says nothing.
// Whatever comes from outside is put in as text; the day's heat map alone comes as HTML, escaped where it is made.

import { Figure, element, number } from "./curves.js";

const RUN_MS = 2000, EVENTS_MS = 5000, DAY_MS = 60000, TIMEOUT_MS = 15000;
const WINDOW_MS = { "15m": 5000, "1h": 15000, "6h": 60000 };
const get = (id) => document.getElementById(id);
const view = { site: "", device: "", window: "15m", extra: [], day: "today", first: 0 };
const figures = new Map();
let run = null, heardAt = null, firstFailed = null;

async function ask(path, words = {}) {
  const answer = await fetch(`api/${path}?${new URLSearchParams(words)}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const tree = await answer.json();
  if (!answer.ok) throw new Error(tree.error);
  return tree;
}

// --- times ---------------------------------------------------------------------------------------------------------

function clock(moment, zone, day = false) {
  const form = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone };
  if (day) Object.assign(form, { day: "2-digit", month: "short" });
  return new Date(moment * 1000).toLocaleString("en-GB", form);
}

function length(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  return whole < 172800 ? `${Math.round(whole / 3600)} h` : `${Math.round(whole / 86400)} days`;
}

const zoneOf = (site) => run?.sites?.find((one) => one.site === site)?.timezone ?? "UTC";
// The collector's clock, now: this machine's may differ, so only the time since its last word is taken from here.
const now = () => run.now_us / 1e6 + run.age_s + (performance.now() - heardAt) / 1000;

// --- the plants ----------------------------------------------------------------------------------------------------

function mark(state) {
  const name = state.startsWith("collector") ? "down" : state;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return [name, svg];
}

function figuresOf(pairs) {
  return pairs.filter(([, value]) => value !== null).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}

function card(site) {
  const [kind, shape] = mark(site.state);
  const lost = site.expected - site.stored;
  const last = site.last_tick_us === null ? "none yet" : `${length(now() - site.last_tick_us / 1e6)} ago`;
  const link = element("a", { href: `#${site.site}` }, element("strong", {}, site.site),
    element("span", { class: "state" }, shape, site.words),
    element("dl", { class: "figures" }, ...figuresOf([
      ["stored", `${site.stored.toLocaleString("en-GB")} of ${site.expected.toLocaleString("en-GB")}`],
      ["not whole", ["partial", "failed"].filter((one) => site[one]).map((one) => `${site[one]} ${one}`).join(", ") || null],
      ["last tick", last],
      ["to the database", site.p99_ms === null ? null : `p99 ${Math.round(site.p99_ms)} ms`],
      ["rows", site.rows.toLocaleString("en-GB")],
    ])));
  link.title = `${lost} of ${site.expected} samples of this run are not stored whole, or still on their way`;
  if (site.site === view.site) link.setAttribute("aria-current", "true");
  return element("li", { class: kind, "data-site": site.site }, link);
}

function keepFocus(list, change) {
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  change();
  if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

function showRun() {
  if (!run?.sites) return;
  keepFocus(get("sites"), () => get("sites").replaceChildren(...run.sites.map(card)));
  get("simulated").hidden = !run.simulated;
  const zone = zoneOf(view.site || run.sites[0]?.site);
  get("clock").textContent = `collecting for ${length(now() - run.first_us / 1e6)}; as of ${clock(now(), zone)} (${zone})`;
  get("run").replaceChildren(...figuresOf([
    ["database", run.problem ? `${run.database}: ${run.problem}` : run.database],
    ["on their way", `${run.waiting} samples`],
    ["export", run.export ?? null],
  ]));
  showDevices();
}

function showDevices() {
  const site = run.sites.find((one) => one.site === view.site);
  if (!site) return;
  const columns = ["device", "state", "map", "stored", "partial", "failed", "expected", "last tick", "silent since", "reasons"];
  const rows = site.devices.map((one) => {
    const [kind, shape] = mark(one.state);
    const reasons = Object.entries(one.reasons).map(([reason, count]) => `${reason} × ${count}`).join(", ");
    const why = one.last_reason && one.state !== "ok" ? ` (${one.last_reason})` : "";
    return [one.device, element("span", { class: kind }, shape, one.state + why), one.map,
      one.stored, one.partial, one.failed, one.expected,
      one.last_tick_us === null ? "–" : clock(one.last_tick_us / 1e6, site.timezone),
      one.lost_us === null ? "–" : clock(one.lost_us / 1e6, site.timezone, true), reasons || "–"];
  });
  table(get("devices"), columns, rows, 3, 6);
  const count = Object.values(site.states).reduce((a, b) => a + b, 0);
  const left = count - rows.length;
  get("unlisted").textContent = left ? `${left} more of ${count} devices are ok and not listed.` : "";
}

function table(target, columns, rows, firstNumber = 1e9, lastNumber = -1) {
  const kind = (place) => (place >= firstNumber && place <= lastNumber ? { class: "number" } : {});
  const head = element("tr", {}, ...columns.map((name, place) => element("th", { scope: "col", ...kind(place) }, name)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell, place) =>
    place ? element("td", kind(place), typeof cell === "number" || cell === null ? number(cell) : cell) : element("th", { scope: "row" }, String(cell)))));
  target.replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}

// --- is anybody there? ---------------------------------------------------------------------------------------------

function alarm(text) {
  const box = get("alarm");
  if (box.textContent !== text) box.textContent = text;
  box.hidden = !text;
  document.body.classList.toggle("old", Boolean(text) && run !== null);
}

async function askRun() {
  try {
    const answer = await ask("run");
    [run, heardAt, firstFailed] = [answer, performance.now(), null];
    if (!run.sites) { get("clock").textContent = "the collector is starting …"; alarm(""); return; }
    const zone = zoneOf(run.sites[0]?.site);
    alarm(run.old ? `The collector has said nothing since ${clock(run.now_us / 1e6, zone, true)}, for ${length(run.age_s)}. What stands below is as of then.`
      : run.problem ? `The database is away: ${run.problem}. Samples wait in the journals: ${run.waiting}.` : "");
    document.body.classList.toggle("old", run.old);
    showRun();
  } catch {
    firstFailed ??= performance.now();
    gone();
  }
}

function gone() {
  const silent = (performance.now() - (heardAt ?? firstFailed)) / 1000;
  if (!run?.sites) { alarm(`The collector does not answer, for ${length(silent)} now.`); return; }
  const heard = clock(run.now_us / 1e6, zoneOf(run.sites[0]?.site), true);
  alarm(`No answer from the collector since ${heard}, for ${length(silent)}. What stands below is as of then.`);
  const down = "collector down";
  run.sites = run.sites.map((site) => ({ ...site, state: down, words: down,
    devices: site.devices.map((one) => ({ ...one, state: down })) }));
  showRun();
  get("clock").textContent = "not connected";
}

// --- one site ------------------------------------------------------------------------------------------------------

async function openSite() {
  let [site, device] = [location.hash.slice(1), ""];
  try { [site, device = ""] = decodeURIComponent(site).split("/"); } catch { site = ""; }
  const known = run?.sites?.some((one) => one.site === site);
  get("detail").hidden = !known;
  const other = view.site !== site || view.device !== device;
  Object.assign(view, { site: known ? site : "", first: view.site === site ? view.first : 0 });
  document.title = known ? `${site} – ess_ray` : "ess_ray";
  if (!known) { view.device = ""; if (run?.sites) showRun(); return; }
  get("name").textContent = `${site} (${zoneOf(site)})`;
  if (other) { figures.clear(); get("curves").replaceChildren(); get("rows").replaceChildren(); view.extra = []; get("heat").replaceChildren(); get("day-words").textContent = ""; }
  showRun();
  try {
    const names = (await ask("devices", { site })).devices;
    view.device = names.includes(device) ? device : names[0] ?? "";
    get("device").replaceChildren(...names.map((name) => element("option", { value: name }, name)));
    get("device").value = view.device;
  } catch (error) { get("newest").textContent = `The database does not answer: ${error.message}`; }
  await Promise.all([askDevice(), askDay()]);
}

async function askDevice() {
  if (!view.site || !view.device) return;
  const { site, device, window } = view;
  try {
    const curves = view.extra.length ? { curves: [...figures.keys(), ...view.extra].slice(0, 12).join(",") } : {};
    const answer = await ask("device", { site, device, window, ...curves });
    if (site === view.site && device === view.device && window === view.window) showDevice(answer);
  } catch (error) {
    get("newest").textContent = `No newer curves: ${error.message}`;
    get("newest").className = "state";
  }
}

function showDevice(answer) {
  const zone = zoneOf(view.site);
  for (const curve of answer.curves) {
    if (!figures.has(curve.name)) {
      figures.set(curve.name, new Figure(curve.name, (moment) => clock(moment, zone)));
      get("curves").append(figures.get(curve.name).root);
    }
    figures.get(curve.name).show(curve, answer);
  }
  const age = answer.newest_s === null ? null : answer.until_s - answer.newest_s;
  get("newest").className = age === null || age > answer.period_s + 15 ? "state" : "";
  get("newest").textContent = age === null ? "Nothing was read of this device in the past day."
    : `Newest values: ${clock(answer.newest_s, zone, true)}, ${length(age)} before this was drawn; a point of a curve is ${length(answer.step_s)}.`;
  get("rows").replaceChildren(...answer.rows.flatMap(newestRows));
  const more = Object.entries(answer.all_curves).filter(([name]) => !figures.has(name));
  if (document.activeElement !== get("more")) {
    get("more").replaceChildren(element("option", { value: "" }, "choose …"), ...more.map(([name, title]) => element("option", { value: name }, title)));
  }
}

function newestRows({ table: name, ids, columns, rows }) {
  const body = element("table");
  const names = rows.map((row) => row.slice(0, ids.length).join("/"));
  table(body, [ids.join("/").replaceAll("_id", ""), ...columns], rows.map((row, place) => [names[place], ...row.slice(ids.length)]), 1, 99);
  const box = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Newest values, ${name}` }, body);
  return [element("h3", {}, `Newest values, ${name}`), box];
}

async function askDay() {
  if (!view.site) return;
  const { site, day, first } = view;
  try {
    const answer = await ask("day", { site, day, first });
    if (site !== view.site || day !== view.day || first !== view.first) return;
    const parsed = new DOMParser().parseFromString(answer.html, "text/html");
    get("heat").replaceChildren(...parsed.body.childNodes);
    const some = answer.shown < answer.count ? `, devices ${answer.first + 1} to ${answer.first + answer.shown} of ${answer.count}` : "";
    get("day-words").textContent = answer.count ? `${answer.date}, ${answer.timezone}, until ${answer.until}: ${answer.stored} of ${answer.expected} samples stored whole${some}.`
      : `No device was configured on ${answer.date}.`;
    get("further").hidden = answer.shown === answer.count;
    view.next = answer.first + answer.shown < answer.count ? answer.first + answer.shown : 0;
  } catch (error) { get("day-words").textContent = `The day cannot be read: ${error.message}`; }
}

// --- events --------------------------------------------------------------------------------------------------------

async function askEvents() {
  try {
    const { events } = await ask("events");
    get("events-words").textContent = events.length ? "" : "None in the past week.";
    const rows = events.map((one) => [clock(one.time_us / 1e6, zoneOf(one.site), true), `${one.site}/${one.device}`, one.kind,
      one.until_us === null ? "–" : clock(one.until_us / 1e6, zoneOf(one.site), true), one.detail || "–"]);
    table(get("events"), ["when, at the site", "device", "what", "until", "detail"], rows);
    get("events").hidden = !events.length;
  } catch (error) { get("events-words").textContent = `No newer events: ${error.message}`; }
}

// --- what goes on by itself ----------------------------------------------------------------------------------------

async function every(pause, act) {
  for (;;) {
    if (!document.hidden) await act();
    await new Promise((go) => setTimeout(go, pause()));
  }
}

get("window").addEventListener("change", (event) => { view.window = event.target.value; askDevice(); });
get("day").addEventListener("change", (event) => { Object.assign(view, { day: event.target.value, first: 0 }); askDay(); });
get("device").addEventListener("change", (event) => { location.hash = `${view.site}/${event.target.value}`; });
get("more").addEventListener("change", (event) => { if (event.target.value) { view.extra.push(event.target.value); askDevice(); } });
get("further").addEventListener("click", () => { view.first = view.next; askDay(); });
get("skip").addEventListener("click", (event) => { event.preventDefault(); get("main").focus(); });
addEventListener("hashchange", async () => { await openSite(); if (view.site) get("name").focus({ preventScroll: false }); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) askRun(); });

await askRun();
await openSite();
every(() => RUN_MS, async () => { const before = run?.sites; await askRun(); if (!before && run?.sites && location.hash) await openSite(); });
every(() => EVENTS_MS, askEvents);
every(() => WINDOW_MS[view.window], askDevice);
every(() => DAY_MS, askDay);
setInterval(() => { if (firstFailed !== null) gone(); }, 1000);
