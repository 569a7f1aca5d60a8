// Tables: of the most played, with a bar behind the number, and links where there is more to see.
import type { Counts, Ranked } from "./api.ts";
import { type Child, h } from "./dom.ts";
import { duration, share, whole } from "./format.ts";

export function ranking(title: string, items: readonly Ranked[], name: (id: string) => Child): Child[] {
  if (items.length === 0) return [];
  const most = Math.max(...items.map(({ valid }) => valid), 1);
  const rows = items.map((item) => {
    const bar = h("span", { class: "bar" });
    bar.style.inlineSize = `${(100 * item.valid) / most}%`;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, name(item.id), bar),
      h("td", {}, whole(item.valid)),
      h("td", {}, whole(item.listeners)),
      h("td", { class: "spare" }, duration(item.heard_ms)),
    );
  });
  return [grid(title, ["Name", "Plays", "Listeners", "Heard"], rows)];
}

/** How plays are spread over the values of something; what is not known of the rest is said. */
export function spread(title: string, items: readonly Ranked[], total: Counts, name: (id: string) => string): Child[] {
  if (items.length === 0) return [];
  const known = items.reduce((sum, { valid }) => sum + valid, 0);
  const lines = items.map(({ id, valid }) => [name(id), valid] as const);
  if (total.valid > known) lines.push(["not known, or others", total.valid - known]);
  const rows = lines.map(([text, valid]) => {
    const bar = h("span", { class: "bar" });
    bar.style.inlineSize = share(valid, total.valid) === "–" ? "0" : `${(100 * valid) / total.valid}%`;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, text, bar),
      h("td", {}, whole(valid)),
      h("td", {}, share(valid, total.valid)),
    );
  });
  return [grid(title, ["Name", "Plays", "Share"], rows)];
}

export function grid(title: string, heads: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const head = heads.map((text, place) => h("th", { scope: "col", class: place === 3 ? "spare" : undefined }, text));
  return h(
    "table",
    {},
    h("caption", { class: "hidden" }, title),
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, ...rows),
  );
}
