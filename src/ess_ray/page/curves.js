// Draws one curve: a figure is created once and shows new points whenever they are loaded.
// Nothing is drawn where there is no value: a line ends at a gap and begins again after it.
// A point is [time in s, lowest, mean, highest] and stands for `step` seconds from its time on.

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 8;

export function element(name, attributes = {}, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  created.append(...children);
  return created;
}

function svgElement(name, attributes) {
  const created = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  return created;
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
    this.svg = svgElement("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.plot = element("div", { class: "plot", tabindex: "0", role: "img" }, this.svg);
    this.legend = element("ul", { class: "legend" });
    this.root = element("figure", { "data-name": name }, element("figcaption", {}, this.title, this.value), this.plot, this.legend);
    this.selected = null; // the time that the pointer or the arrow keys have selected; null: the latest
    this.plot.addEventListener("pointermove", (event) => this.selectByPointer(event));
    this.plot.addEventListener("pointerleave", () => this.select(null));
    this.plot.addEventListener("blur", () => this.select(null));
    this.plot.addEventListener("keydown", (event) => this.selectByKey(event));
  }

  show(curve, data) {
    Object.assign(this, { curve, from: data.from_s, until: data.until_s, step: curve.step_s });
    this.title.textContent = curve.title;
    const points = curve.lines.flatMap((line) => line.points);
    this.svg.replaceChildren();
    this.plot.querySelectorAll("span").forEach((old) => old.remove());
    this.legend.replaceChildren();
    this.times = [...new Set(points.map((point) => point[0]))].sort((a, b) => a - b);
    if (points.length) this.draw(points);
    else this.plot.append(element("span", { class: "empty" }, "nothing was stored in this time range"));
    for (const [share, time] of [[0, this.from], [0.5, (this.from + this.until) / 2], [1, this.until]]) {
      this.axisLabel("x", share * 100, this.clock(time));
    }
    this.plot.setAttribute("aria-label", this.description(points));
    this.select(this.selected);
  }

  draw(points) {
    const lowest = Math.min(...points.map((point) => point[1])), highest = Math.max(...points.map((point) => point[3]));
    const ticks = scale(lowest, highest);
    [this.bottom, this.top] = [ticks[0], ticks[ticks.length - 1]];
    for (const tick of ticks) {
      this.svg.append(svgElement("line", { class: "grid", x1: 0, x2: 1000, y1: this.y(tick), y2: this.y(tick) }));
      this.axisLabel("y", this.y(tick), number(tick));
    }
    this.curve.lines.forEach((line, index) => {
      const single = this.curve.lines.length === 1;
      for (const part of withoutGaps(line.points, this.step)) {
        if (single) this.svg.append(svgElement("path", { class: "band", d: this.band(part) }));
        const columns = this.curve.pair ? [1, 3] : [2];
        for (const column of columns) {
          this.svg.append(svgElement("path", { class: `c${index % COLOURS}`, d: this.path(part, column) }));
        }
      }
      if (!single) this.legendEntry(line.label, index);
    });
    this.cursor = svgElement("line", { class: "cursor", y1: 0, y2: 100, visibility: "hidden" });
    this.svg.append(this.cursor);
  }

  legendEntry(label, index) {
    const stroke = svgElement("svg", { viewBox: "0 0 24 10", "aria-hidden": "true" });
    stroke.append(svgElement("line", { class: `c${index % COLOURS}`, x1: 0, x2: 24, y1: 5, y2: 5 }));
    this.legend.append(element("li", {}, stroke, label));
  }

  axisLabel(axis, percent, text) {
    const span = element("span", { class: axis }, text);
    if (axis === "y") span.style.top = `calc(${percent}% - .4rem)`;
    else if (percent === 100) span.style.right = "0";
    else span.style.left = percent ? `calc(${percent}% - 1.7rem)` : "0";
    this.plot.append(span);
  }

  x(time) { return (1000 * (time - this.from)) / (this.until - this.from); }
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

  // The curve in words, for screen readers.
  description(points) {
    const { title, unit } = this.curve;
    if (!points.length) return `${title}: nothing was stored in this time range`;
    const lowest = Math.min(...points.map((point) => point[1])), highest = Math.max(...points.map((point) => point[3]));
    return `${title}, ${this.clock(this.from)} to ${this.clock(this.until)}: between ${number(lowest)} and ${number(highest)} ${unit}. `
      + `Latest value: ${this.valueAt(this.times[this.times.length - 1])}. The arrow keys read other times.`;
  }

  valueAt(time) {
    const parts = [];
    for (const line of this.curve.lines) {
      const point = line.points.find((candidate) => candidate[0] === time);
      if (!point) continue;
      const value = this.curve.pair || (!line.label && point[1] !== point[3] && point[2] === null)
        ? `${number(point[1])} to ${number(point[3])}` : number(point[2]);
      parts.push((line.label && this.curve.lines.length > 1 ? `${line.label}: ` : "") + value);
    }
    return `${parts.join(", ")} ${this.curve.unit}`;
  }

  select(time) {
    this.selected = time;
    if (!this.times?.length) { this.value.textContent = "–"; return; }
    const shown = time ?? this.times[this.times.length - 1];
    this.value.textContent = (time === null ? "" : `${this.clock(shown)}  `) + this.valueAt(shown);
    const x = this.x(shown + this.step / 2);
    this.cursor.setAttribute("visibility", time === null ? "hidden" : "visible");
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
  }

  selectByPointer(event) {
    const box = this.plot.getBoundingClientRect();
    const pointed = this.from + ((event.clientX - box.left) / box.width) * (this.until - this.from) - this.step / 2;
    if (this.times?.length) this.select(this.times.reduce((a, b) => (Math.abs(b - pointed) < Math.abs(a - pointed) ? b : a)));
  }

  selectByKey(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 }[event.key];
    if (event.key === "Escape") this.select(null);
    if (!move || !this.times?.length) return;
    event.preventDefault();
    const last = this.times.length - 1;
    const index = this.selected === null ? last : this.times.findLastIndex((time) => time <= this.selected);
    this.select(this.times[Math.min(last, Math.max(0, index + move))]);
  }
}

// The points in parts without a gap.
function withoutGaps(points, step) {
  const parts = [];
  points.forEach((point, index) => {
    if (!index || point[0] - points[index - 1][0] > 1.5 * step) parts.push([]);
    parts[parts.length - 1].push(point);
  });
  return parts;
}

// Three to six round numbers around a range that is never so narrow that rounding errors look like real changes.
function scale(lowest, highest) {
  const least = Math.max(Math.abs(highest), Math.abs(lowest)) * 5e-3 || 1;
  const grow = Math.max(0, least - (highest - lowest)) / 2;
  const [low, high] = [lowest - grow, highest + grow];
  const rough = (high - low) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const ticks = [];
  for (let tick = Math.floor(low / step) * step; ticks.length < 7; tick += step) {
    ticks.push(Math.round(tick / step) * step || 0); // never -0
    if (tick >= high) break;
  }
  return ticks;
}
