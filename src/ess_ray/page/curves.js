// Draws one curve: a figure that is made once and told new points as often as they come.
// Nothing is drawn where nothing is known: a line ends at a gap and begins again behind it.

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 8;

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawn(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  return value.toLocaleString("en-GB", { maximumFractionDigits: size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3 });
}

export class Figure {
  constructor(name, clock) {
    this.clock = clock;
    this.title = element("span");
    this.value = element("output");
    this.svg = drawn("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.plot = element("div", { class: "plot", tabindex: "0", role: "img" }, this.svg);
    this.legend = element("ul", { class: "legend" });
    this.root = element("figure", { "data-name": name }, element("figcaption", {}, this.title, this.value), this.plot, this.legend);
    this.at = null; // the moment that is pointed at
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.read(null));
    this.plot.addEventListener("blur", () => this.read(null));
    this.plot.addEventListener("keydown", (event) => this.key(event));
  }

  show(curve, answer) {
    Object.assign(this, { curve, from: answer.from_s, until: answer.until_s, step: answer.step_s });
    this.title.textContent = curve.title;
    const points = curve.lines.flatMap((line) => line.points);
    this.svg.replaceChildren();
    this.plot.querySelectorAll("span").forEach((old) => old.remove());
    this.legend.replaceChildren();
    this.moments = [...new Set(points.map((point) => point[0]))].sort((a, b) => a - b);
    if (points.length) this.draw(points);
    else this.plot.append(element("span", { class: "empty" }, "nothing was stored in this time"));
    for (const [share, moment] of [[0, this.from], [0.5, (this.from + this.until) / 2], [1, this.until]]) {
      this.label("x", share * 100, this.clock(moment));
    }
    this.plot.setAttribute("aria-label", this.words(points));
    this.read(this.at);
  }

  draw(points) {
    const lowest = Math.min(...points.map((point) => point[1])), highest = Math.max(...points.map((point) => point[3]));
    const ticks = scale(lowest, highest);
    [this.bottom, this.top] = [ticks[0], ticks[ticks.length - 1]];
    for (const tick of ticks) {
      this.svg.append(drawn("line", { class: "grid", x1: 0, x2: 1000, y1: this.y(tick), y2: this.y(tick) }));
      this.label("y", this.y(tick), number(tick));
    }
    this.curve.lines.forEach((line, place) => {
      const one = this.curve.lines.length === 1;
      for (const part of apart(line.points, this.step)) {
        if (one) this.svg.append(drawn("path", { class: "band", d: this.band(part) }));
        const columns = this.curve.pair ? [1, 3] : [2];
        for (const column of columns) {
          this.svg.append(drawn("path", { class: `c${place % COLOURS}`, d: this.path(part, column) }));
        }
      }
      if (!one) this.entry(line.label, place);
    });
    this.cursor = drawn("line", { class: "cursor", y1: 0, y2: 100, visibility: "hidden" });
    this.svg.append(this.cursor);
  }

  entry(label, place) {
    const sample = drawn("svg", { viewBox: "0 0 24 10", "aria-hidden": "true" });
    sample.append(drawn("line", { class: `c${place % COLOURS}`, x1: 0, x2: 24, y1: 5, y2: 5 }));
    this.legend.append(element("li", {}, sample, label));
  }

  label(axis, percent, text) {
    const span = element("span", { class: axis }, text);
    if (axis === "y") span.style.top = `calc(${percent}% - .4rem)`;
    else if (percent === 100) span.style.right = "0";
    else span.style.left = percent ? `calc(${percent}% - 1.7rem)` : "0";
    this.plot.append(span);
  }

  x(moment) { return (1000 * (moment - this.from)) / (this.until - this.from); }
  y(value) { return 100 - (100 * (value - this.bottom)) / (this.top - this.bottom); }
  middle(point) { return this.x(point[0] + this.step / 2); }

  path(part, column) {
    const steps = part.map((point) => `${this.middle(point).toFixed(1)} ${this.y(point[column]).toFixed(2)}`);
    return `M${steps.join("L")}${steps.length === 1 ? "h.1" : ""}`;
  }

  band(part) {
    const along = (points, column) => points.map((point) => `${this.middle(point).toFixed(1)} ${this.y(point[column]).toFixed(2)}`);
    return `M${[...along(part, 1), ...along([...part].reverse(), 3)].join("L")}Z`;
  }

  words(points) {
    const { title, unit } = this.curve;
    if (!points.length) return `${title}: nothing was stored in this time`;
    const lowest = Math.min(...points.map((point) => point[1])), highest = Math.max(...points.map((point) => point[3]));
    return `${title}, ${this.clock(this.from)} to ${this.clock(this.until)}: between ${number(lowest)} and ${number(highest)} ${unit}. `
      + `At the last moment ${this.at_moment(this.moments[this.moments.length - 1])}. Arrow keys read other moments.`;
  }

  at_moment(moment) {
    const parts = [];
    for (const line of this.curve.lines) {
      const point = line.points.find((one) => one[0] === moment);
      if (!point) continue;
      const value = this.curve.pair || (!line.label && point[1] !== point[3] && point[2] === null)
        ? `${number(point[1])} to ${number(point[3])}` : number(point[2]);
      parts.push((line.label && this.curve.lines.length > 1 ? `${line.label}: ` : "") + value);
    }
    return `${parts.join(", ")} ${this.curve.unit}`;
  }

  read(moment) {
    this.at = moment;
    if (!this.moments?.length) { this.value.textContent = "–"; return; }
    const shown = moment ?? this.moments[this.moments.length - 1];
    this.value.textContent = (moment === null ? "" : `${this.clock(shown)}  `) + this.at_moment(shown);
    const place = this.x(shown + this.step / 2);
    this.cursor.setAttribute("visibility", moment === null ? "hidden" : "visible");
    this.cursor.setAttribute("x1", place);
    this.cursor.setAttribute("x2", place);
  }

  point(event) {
    const box = this.plot.getBoundingClientRect();
    const wanted = this.from + ((event.clientX - box.left) / box.width) * (this.until - this.from) - this.step / 2;
    if (this.moments?.length) this.read(this.moments.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a)));
  }

  key(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 }[event.key];
    if (event.key === "Escape") this.read(null);
    if (!move || !this.moments?.length) return;
    event.preventDefault();
    const last = this.moments.length - 1;
    const place = this.at === null ? last : this.moments.findLastIndex((one) => one <= this.at);
    this.read(this.moments[Math.min(last, Math.max(0, place + move))]);
  }
}

// Runs of points without a gap between them.
function apart(points, step) {
  const parts = [];
  points.forEach((point, place) => {
    if (!place || point[0] - points[place - 1][0] > 1.5 * step) parts.push([]);
    parts[parts.length - 1].push(point);
  });
  return parts;
}

// Three to six round numbers around a range; never so close that a rounding error looks like a mountain.
function scale(lowest, highest) {
  const least = Math.max(Math.abs(highest), Math.abs(lowest)) * 5e-3 || 1;
  const grow = Math.max(0, least - (highest - lowest)) / 2;
  const [low, high] = [lowest - grow, highest + grow];
  const rough = (high - low) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
  const ticks = [];
  for (let tick = Math.floor(low / step) * step; ticks.length < 7; tick += step) {
    ticks.push(Math.round(tick / step) * step || 0); // never -0
    if (tick >= high) break;
  }
  return ticks;
}
