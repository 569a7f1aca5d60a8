// The page: who looks, what is shown, and the address that says so. Start reading with `show`.
import { type Child, fill, h } from "./dom.ts";
import { moment } from "./format.ts";
import { refused } from "./panel.ts";
import { resolve } from "./range.ts";
import { current, open, signOut } from "./session.ts";
import { door, fromDevelopment } from "./signin.ts";
import { address, parse, RANGES, type State, VIEWS, type View } from "./state.ts";
import type { Context } from "./views/context.ts";
import { fraud } from "./views/fraud.ts";
import { integrity } from "./views/integrity.ts";
import { overview } from "./views/overview.ts";
import { subject } from "./views/subject.ts";

const NAMES: Record<View, string> = {
  overview: "Overview",
  track: "Tracks",
  artist: "Artists",
  integrity: "Integrity",
  fraud: "Set apart",
};
const RANGE_NAMES: Record<State["range"], string> = {
  "24h": "24 hours",
  "7d": "7 days",
  "28d": "28 days",
  "90d": "90 days",
  "12m": "12 months",
  custom: "Dates",
};

const app = document.querySelector("#app") ?? document.body;
let leaving = new AbortController();

function show(state: State): void {
  leaving.abort();
  leaving = new AbortController();
  if (!current()) {
    fill(
      app,
      door("", () => show(parse(location.search))),
    );
    return;
  }
  const { signal } = leaving;
  const context: Context = { state, range: resolve(state), signal, link: (change, text) => link(state, change, text) };
  const title = heading(state);
  document.title = `${title} – Delistening`;
  fill(
    app,
    top(state),
    h(
      "main",
      { id: "main" },
      h("div", { class: "head" }, h("h1", { tabindex: -1 }, title), state.view !== "integrity" && ranges(state)),
      h("div", { class: "panels" }, ...views(state, context)),
    ),
  );
}

function views(state: State, context: Context): Child[] {
  switch (state.view) {
    case "overview":
      return overview(context);
    case "integrity":
      return integrity(context);
    case "fraud":
      return fraud(context);
    default:
      return subject(state.view, context, (id) => go({ ...state, id }));
  }
}

function heading({ view, id }: State): string {
  if (view === "track") return id ? `Track ${id}` : NAMES.track;
  if (view === "artist") return id ? `Artist ${id}` : NAMES.artist;
  return NAMES[view];
}

/** Goes to a state, so that "back" comes back; the heading is where reading goes on. */
function go(state: State): void {
  history.pushState(null, "", address(state));
  show(state);
  scrollTo(0, 0);
  document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
}

function link(
  state: State,
  change: Partial<State>,
  text: string,
  props: Record<string, string | undefined> = {},
): HTMLElement {
  const next = { ...state, ...change };
  const follow = (event: Event) => {
    const { ctrlKey, metaKey, shiftKey, button } = event as MouseEvent;
    // In a new tab or window the browser follows it.
    if (ctrlKey || metaKey || shiftKey || button !== 0) return;
    event.preventDefault();
    go(next);
  };
  return h("a", { href: address(next), onclick: follow, ...props }, text);
}

function top(state: State): HTMLElement {
  const items = VIEWS.map((view) =>
    h(
      "li",
      {},
      link(state, { view, id: "" }, NAMES[view], { "aria-current": view === state.view ? "page" : undefined }),
    ),
  );
  const session = current();
  const leave = () => {
    signOut();
    show(state);
  };
  return h(
    "header",
    {},
    h("span", { class: "brand" }, "Delistening"),
    h("nav", { "aria-label": "Views" }, h("ul", {}, ...items)),
    h(
      "span",
      { class: "session" },
      session &&
        h("span", { class: "small" }, `${session.shared ? "Share link" : "Token"} until ${moment(session.expires)}`),
      h("button", { type: "button", class: "quiet", onclick: leave }, "Leave"),
    ),
  );
}

function ranges(state: State): HTMLElement {
  const choose = (event: Event) => {
    const range = (event.currentTarget as HTMLSelectElement).value as State["range"];
    const { from, to } = range === "custom" ? dates(state) : state;
    go({ ...state, range, from, to });
    document.querySelector<HTMLElement>("#range")?.focus();
  };
  const select = h("select", { id: "range", onchange: choose });
  for (const range of RANGES)
    select.append(h("option", { value: range, selected: range === state.range }, RANGE_NAMES[range]));
  const compare = (event: Event) => {
    go({ ...state, compare: (event.currentTarget as HTMLInputElement).checked });
    document.querySelector<HTMLElement>("#compare")?.focus();
  };
  return h(
    "form",
    { class: "ranges", "aria-label": "What time is shown", onsubmit: (event) => event.preventDefault() },
    h("label", { for: "range" }, "Time"),
    select,
    ...(state.range === "custom" ? [date(state, "from", "From"), date(state, "to", "To")] : []),
    h(
      "label",
      { class: "check" },
      h("input", { id: "compare", type: "checkbox", checked: state.compare, onchange: compare }),
      "Compare",
    ),
  );
}

function date(state: State, name: "from" | "to", label: string): HTMLElement {
  const change = (event: Event) => {
    const next = { ...state, [name]: (event.currentTarget as HTMLInputElement).value };
    if (next.from && next.to && next.from <= next.to) go(next);
  };
  return h(
    "label",
    { class: "check" },
    label,
    h("input", { type: "date", value: state[name], required: true, onchange: change }),
  );
}

/** The days of the range that was shown last. */
function dates(state: State): { from: string; to: string } {
  const { from, to } = resolve(state);
  const text = (time: number) => {
    const date = new Date(time);
    const two = (number: number) => String(number).padStart(2, "0");
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  };
  return { from: text(from), to: text(to - 1) };
}

refused.addEventListener("refused", async (event) => {
  const session = current();
  if (!session || leaving.signal.aborted) return;
  leaving.abort();
  signOut();
  const again = () => show(parse(location.search));
  if (session.developed && (await fromDevelopment())) return again();
  fill(app, door((event as CustomEvent<string>).detail, again));
});
addEventListener("popstate", () => show(parse(location.search)));
// A share link that is opened in a tab which shows the dashboard already.
addEventListener("hashchange", () => {
  if (open()) show(parse(location.search));
});
open();
show(parse(location.search));
