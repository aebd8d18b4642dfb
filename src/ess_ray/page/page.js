// The page: requests data from the collector every few seconds and shows it, and shows when there is none.
// All data is inserted as text; only the heat map comes as HTML, which the collector has escaped.

import { Figure, element, number } from "./curves.js";

const RUN_MS = 2000, EVENTS_MS = 5000, DAY_MS = 60000, TIMEOUT_MS = 15000;
const WINDOW_MS = { "15m": 5000, "1h": 15000, "6h": 60000 }; // the shorter the window, the more often its curves
const get = (id) => document.getElementById(id);
const view = { site: "", device: "", window: "15m", addedCurves: [], day: "today", firstDevice: 0, nextDevice: 0 };
const figures = new Map(); // by the curve's name
let run = null; // the status of the run as received last
let receivedAt = null, failingSince = null; // by performance.now()

async function load(path, parameters = {}) {
  const url = `api/${path}?${new URLSearchParams(parameters)}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const data = await response.json();
  if (!response.ok) throw new Error(data.error);
  return data;
}

// --- times ---------------------------------------------------------------------------------------------------------

function clock(timeS, zone, withDay = false) {
  const format = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: zone };
  if (withDay) Object.assign(format, { day: "2-digit", month: "short" });
  return new Date(timeS * 1000).toLocaleString("en-GB", format);
}

function duration(lengthS) {
  const seconds = Math.max(0, Math.round(lengthS));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

const siteOf = (name) => run?.sites?.find((site) => site.site === name);
const zoneOf = (name) => siteOf(name)?.timezone ?? "UTC";
const firstZone = () => zoneOf(run.sites[0]?.site);
// The collector's time now. This machine's clock may differ, so only the time since the last response is taken from it.
const now = () => run.now_us / 1e6 + run.age_s + (performance.now() - receivedAt) / 1000;

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

function definitions(pairs) {
  return pairs.filter(([, value]) => value !== null).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}

function card(site) {
  const [kind, shape] = mark(site.state);
  const latest = site.last_tick_us === null ? "none yet" : `${duration(now() - site.last_tick_us / 1e6)} ago`;
  const lost = ["partial", "failed"].filter((status) => site[status]).map((status) => `${site[status]} ${status}`);
  const link = element("a", { href: `#${site.site}` }, element("strong", {}, site.site),
    element("span", { class: "state" }, shape, site.words),
    element("dl", { class: "figures" }, ...definitions([
      ["latest sample", latest],
      ["stored in this run", `${site.stored.toLocaleString("en-GB")} of ${site.expected.toLocaleString("en-GB")}`],
      ["lost in this run", lost.join(", ") || null],
      ["99 % stored within", site.p99_ms === null ? null : `${Math.round(site.p99_ms)} ms`],
      ["rows stored", site.rows.toLocaleString("en-GB")],
    ])));
  link.title = `${site.expected - site.stored} of the ${site.expected} samples of this run are partial, failed or not stored yet`;
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
  const zone = view.site ? zoneOf(view.site) : firstZone();
  get("clock").textContent = `running for ${duration(now() - run.first_us / 1e6)}; status of ${clock(now(), zone)} (${zone})`;
  get("run").replaceChildren(...definitions([
    ["database", run.problem ? `${run.database}: ${run.problem}` : run.database],
    ["not stored yet", `${run.waiting} samples`],
    ["export", run.export ?? null],
  ]));
  showDevices();
}

function showDevices() {
  const site = siteOf(view.site);
  if (!site) return;
  const columns = ["device", "state", "map", "stored", "partial", "failed", "expected", "latest sample", "silent or frozen since", "reasons"];
  const rows = site.devices.map((device) => {
    const since_us = device.lost_us ?? device.frozen_us;
    const [kind, shape] = mark(device.state);
    const reasons = Object.entries(device.reasons).map(([reason, count]) => `${reason} × ${count}`).join(", ");
    const lastReason = device.last_reason && device.state !== "ok" ? ` (${device.last_reason})` : "";
    return [device.device, element("span", { class: kind }, shape, device.state + lastReason), device.map,
      device.stored, device.partial, device.failed, device.expected,
      device.last_tick_us === null ? "–" : clock(device.last_tick_us / 1e6, site.timezone),
      since_us === null ? "–" : clock(since_us / 1e6, site.timezone, true), reasons || "–"];
  });
  fillTable(get("devices"), columns, rows, 3, 6);
  const count = Object.values(site.states).reduce((a, b) => a + b, 0);
  const unlisted = count - rows.length;
  get("unlisted").textContent = unlisted ? `${unlisted} of the ${count} devices are ok and not listed.` : "";
}

// Columns from `firstNumber` to `lastNumber` are aligned to the right.
function fillTable(target, columns, rows, firstNumber = 1e9, lastNumber = -1) {
  const kind = (index) => (index >= firstNumber && index <= lastNumber ? { class: "number" } : {});
  const text = (cell) => (typeof cell === "number" || cell === null ? number(cell) : cell);
  const header = columns.map((name, index) => element("th", { scope: "col", ...kind(index) }, name));
  const body = rows.map(([first, ...cells]) => element("tr", {}, element("th", { scope: "row" }, String(first)),
    ...cells.map((cell, index) => element("td", kind(index + 1), text(cell)))));
  target.replaceChildren(element("thead", {}, element("tr", {}, ...header)), element("tbody", {}, ...body));
}

// --- the connection to the collector -------------------------------------------------------------------------------

function alarm(text) {
  const box = get("alarm");
  if (box.textContent !== text) box.textContent = text;
  box.hidden = !text;
  document.body.classList.toggle("old", Boolean(text) && run !== null);
}

async function loadRun() {
  try {
    [run, receivedAt, failingSince] = [await load("run"), performance.now(), null];
    if (!run.sites) { get("clock").textContent = "the collector is starting …"; alarm(""); return; }
    alarm(run.old ? `The collector has sent no status since ${clock(run.now_us / 1e6, firstZone(), true)}, ${duration(run.age_s)} ago. Everything below is from that time.`
      : run.problem ? `Samples are not stored and wait in the journals (${run.waiting}): ${run.problem}.` : "");
    document.body.classList.toggle("old", run.old);
    showRun();
  } catch {
    failingSince ??= performance.now();
    showDisconnected();
  }
}

function showDisconnected() {
  const silentS = (performance.now() - (receivedAt ?? failingSince)) / 1000;
  if (!run?.sites) { alarm(`The collector has not responded for ${duration(silentS)}.`); return; }
  const since = clock(run.now_us / 1e6, firstZone(), true);
  alarm(`No response from the collector since ${since}, ${duration(silentS)} ago. Everything below is from that time.`);
  const down = "collector down";
  run.sites = run.sites.map((site) => ({ ...site, state: down, words: down,
    devices: site.devices.map((device) => ({ ...device, state: down })) }));
  showRun();
  get("clock").textContent = "not connected";
}

// --- one site ------------------------------------------------------------------------------------------------------

async function openSite() {
  let [site, device] = [location.hash.slice(1), ""];
  try { [site, device = ""] = decodeURIComponent(site).split("/"); } catch { site = ""; }
  const exists = Boolean(siteOf(site));
  get("detail").hidden = !exists;
  const changed = view.site !== site || view.device !== device;
  Object.assign(view, { site: exists ? site : "", firstDevice: view.site === site ? view.firstDevice : 0 });
  document.title = exists ? `${site} – ess_ray` : "ess_ray";
  if (!exists) { view.device = ""; if (run?.sites) showRun(); return; }
  get("name").textContent = `${site} (${zoneOf(site)})`;
  if (changed) {
    figures.clear();
    view.addedCurves = [];
    for (const id of ["curves", "rows", "heat", "day-text"]) get(id).replaceChildren();
  }
  showRun();
  try {
    const names = (await load("devices", { site })).devices;
    view.device = names.includes(device) ? device : names[0] ?? "";
    get("device").replaceChildren(...names.map((name) => element("option", { value: name }, name)));
    get("device").value = view.device;
  } catch (error) { get("newest").textContent = `The list of devices could not be loaded: ${error.message}`; }
  await Promise.all([loadDevice(), loadDay()]);
}

async function loadDevice() {
  if (!view.site || !view.device) return;
  const { site, device, window } = view;
  try {
    const names = [...figures.keys(), ...view.addedCurves].slice(0, 12).join(",");
    const data = await load("device", { site, device, window, ...(view.addedCurves.length ? { curves: names } : {}) });
    if (site === view.site && device === view.device && window === view.window) showDevice(data);
  } catch (error) {
    get("newest").textContent = `The curves could not be updated: ${error.message}`;
    get("newest").className = "state";
  }
}

function showDevice(data) {
  const zone = zoneOf(view.site);
  for (const curve of data.curves) {
    if (!figures.has(curve.name)) {
      figures.set(curve.name, new Figure(curve.name, (timeS) => clock(timeS, zone)));
      get("curves").append(figures.get(curve.name).root);
    }
    figures.get(curve.name).show(curve, data);
  }
  const ageS = data.newest_s === null ? null : data.until_s - data.newest_s;
  get("newest").className = ageS === null || ageS > data.period_s + 15 ? "state" : "";
  get("newest").textContent = ageS === null ? "Nothing was read from this device in the past 24 hours."
    : `Newest values: ${clock(data.newest_s, zone, true)}, ${duration(ageS)} old when loaded. Each point of a curve stands for ${duration(data.step_s)}.`;
  get("rows").replaceChildren(...data.rows.flatMap(newestRows));
  const addable = Object.entries(data.all_curves).filter(([name]) => !figures.has(name));
  if (document.activeElement !== get("add-curve")) {
    get("add-curve").replaceChildren(element("option", { value: "" }, "choose …"),
      ...addable.map(([name, title]) => element("option", { value: name }, title)));
  }
}

function newestRows({ table, period_s: periodS, ids, columns, rows }) {
  const target = element("table");
  const names = ids.join("/").replaceAll("_id", "");
  const cells = rows.map((row) => [row.slice(0, ids.length).join("/"), ...row.slice(ids.length)]);
  fillTable(target, [names, ...columns], cells, 1, 99);
  const title = `Newest values, ${table}` + (periodS ? `, read every ${duration(periodS)}` : "");
  return [element("h3", {}, title), element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, target)];
}

async function loadDay() {
  if (!view.site) return;
  const { site, day, firstDevice } = view;
  try {
    const data = await load("day", { site, day, first: firstDevice });
    if (site !== view.site || day !== view.day || firstDevice !== view.firstDevice) return;
    const parsed = new DOMParser().parseFromString(data.html, "text/html");
    get("heat").replaceChildren(...parsed.body.childNodes);
    const end = data.first + data.shown;
    const devices = data.shown < data.count ? `; devices ${data.first + 1} to ${end} of ${data.count}` : "";
    const summary = data.count ? `${data.stored} of ${data.expected} samples stored completely${devices}` : "no sample was expected";
    get("day-text").textContent = `${data.date} until ${data.until} (${data.timezone}): ${summary}.`;
    get("next-devices").hidden = data.shown === data.count;
    view.nextDevice = end < data.count ? end : 0;
  } catch (error) { get("day-text").textContent = `The day could not be loaded: ${error.message}`; }
}

// --- events --------------------------------------------------------------------------------------------------------

async function loadEvents() {
  try {
    const { events } = await load("events");
    get("events-text").textContent = events.length ? "" : "None in the past week.";
    const rows = events.map((event) => {
      const time = (timeUs) => (timeUs === null ? "–" : clock(timeUs / 1e6, zoneOf(event.site), true));
      return [time(event.time_us), `${event.site}/${event.device}`, event.kind, time(event.until_us), event.detail || "–"];
    });
    fillTable(get("events"), ["time at the site", "device", "event", "until", "detail"], rows);
    get("events").hidden = !events.length;
  } catch (error) { get("events-text").textContent = `The events could not be updated: ${error.message}`; }
}

// --- repeated requests ---------------------------------------------------------------------------------------------

async function repeat(pauseMs, action) {
  for (;;) {
    if (!document.hidden) await action();
    await new Promise((resolve) => setTimeout(resolve, pauseMs()));
  }
}

get("window").addEventListener("change", (event) => { view.window = event.target.value; loadDevice(); });
get("day").addEventListener("change", (event) => { Object.assign(view, { day: event.target.value, firstDevice: 0 }); loadDay(); });
get("device").addEventListener("change", (event) => { location.hash = `${view.site}/${event.target.value}`; });
get("add-curve").addEventListener("change", (event) => { if (event.target.value) { view.addedCurves.push(event.target.value); loadDevice(); } });
get("next-devices").addEventListener("click", () => { view.firstDevice = view.nextDevice; loadDay(); });
get("skip").addEventListener("click", (event) => { event.preventDefault(); get("main").focus(); });
addEventListener("hashchange", async () => { await openSite(); if (view.site) get("name").focus({ preventScroll: false }); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) loadRun(); });

await loadRun();
await openSite();
repeat(() => RUN_MS, async () => { const before = run?.sites; await loadRun(); if (!before && run?.sites && location.hash) await openSite(); });
repeat(() => EVENTS_MS, loadEvents);
repeat(() => WINDOW_MS[view.window], loadDevice);
repeat(() => DAY_MS, loadDay);
setInterval(() => { if (failingSince !== null) showDisconnected(); }, 1000);
