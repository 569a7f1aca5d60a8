// A chart over time, and the same as a table for those who read instead of look.
import uPlot from "uplot";
import { h } from "./dom.ts";
import { whole } from "./format.ts";

export interface Line {
  label: string;
  values: readonly number[];
  /** The custom property that holds its colour. */
  colour: string;
  /** Whether it is the period before: dashed, without an area. */
  faint?: boolean;
}

export interface Chart {
  title: string;
  /** Where each point stands: seconds since 1970, or any unit with `name` for its points. */
  points: readonly number[];
  name: (point: number) => string;
  /** Whether points are times. */
  time: boolean;
  lines: readonly Line[];
  value?: (value: number) => string;
}

const HEIGHT = 240;

/** Draws a chart for as long as it is in the page. */
export function chart({ title, points, name, time, lines, value = whole }: Chart): HTMLElement {
  const canvas = h("div", { class: "canvas", role: "img", "aria-label": `${title}: ${summary(lines, value)}` });
  const legend = h("ul", { class: "legend", "aria-hidden": "true" });
  for (const { label, colour, faint } of lines) {
    const mark = h("span", { class: faint ? "mark faint" : "mark" });
    mark.style.setProperty("--mark", `var(${colour})`);
    legend.append(h("li", {}, mark, label));
  }
  const said = h("p", { class: "said", "aria-hidden": "true" });
  const say = (index: number | null | undefined) => {
    const point = points[index ?? points.length - 1];
    const texts = lines.map(({ label, values }) => `${label} ${value(values[index ?? values.length - 1] ?? 0)}`);
    said.textContent = point === undefined ? "" : `${name(point)}: ${texts.join(", ")}`;
  };
  say(undefined);
  draw(canvas, { points, lines, time, value, name, say });
  return h("div", { class: "chart" }, legend, canvas, said, table(title, points, name, lines, value));
}

const summary = (lines: readonly Line[], value: (value: number) => string) =>
  lines
    .map(({ label, values }) => `${label} between ${value(Math.min(...values))} and ${value(Math.max(...values))}`)
    .join("; ");

function table(
  title: string,
  points: readonly number[],
  name: (point: number) => string,
  lines: readonly Line[],
  value: (value: number) => string,
): HTMLElement {
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "When"),
    ...lines.map(({ label }) => h("th", { scope: "col" }, label)),
  );
  const rows = points.map((point, index) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name(point)),
      ...lines.map(({ values }) => h("td", {}, value(values[index] ?? 0))),
    ),
  );
  if (head.firstChild) head.firstChild.textContent = "Point";
  const whole = h("table", {}, h("caption", { class: "hidden" }, title), h("thead", {}, head), h("tbody", {}, ...rows));
  return h(
    "details",
    {},
    h("summary", {}, "As a table"),
    h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": title }, whole),
  );
}

interface Drawn extends Pick<Chart, "points" | "lines" | "time" | "name"> {
  value: (value: number) => string;
  say: (index: number | null | undefined) => void;
}

function draw(place: HTMLElement, drawn: Drawn): void {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  let plot: uPlot | undefined;
  const again = () => {
    plot?.destroy();
    plot = new uPlot(
      options(place, drawn),
      [[...drawn.points], ...drawn.lines.map(({ values }) => [...values])],
      place,
    );
  };
  const sizes = new ResizeObserver(() => {
    if (!place.isConnected) {
      sizes.disconnect();
      scheme.removeEventListener("change", again);
      plot?.destroy();
    } else if (plot) plot.setSize({ width: place.clientWidth, height: HEIGHT });
    else again();
  });
  sizes.observe(place);
  scheme.addEventListener("change", again);
}

/** A colour as a canvas takes it: the property itself may say one for light and one for dark. */
function resolved(place: HTMLElement, property: string): string {
  const probe = h("span");
  probe.style.color = `var(${property})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function options(place: HTMLElement, { lines, time, value, name, say }: Drawn): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (property: string) => resolved(place, property);
  const axis = {
    stroke: colour("--quiet"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time }, y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.08] } },
    axes: [
      { ...axis, grid: { show: false }, ...(!time && { values: (_: uPlot, ticks: number[]) => ticks.map(name) }) },
      {
        ...axis,
        size: 64,
        values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) || tick < 1 ? value(tick) : "")),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour: property, faint }) => ({
        label,
        stroke: colour(property),
        width: 2,
        points: { show: false },
        ...(faint ? { dash: [5, 5] } : { fill: `color-mix(in srgb, ${colour(property)} 14%, transparent)` }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => say(cursor.idx)] },
  };
}
