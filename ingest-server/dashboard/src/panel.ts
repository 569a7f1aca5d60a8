// A part of a view: it shows that it waits, what it has, that there is nothing, or what went wrong and how to try again.
import { Refusal } from "./api.ts";
import { type Child, fill, h } from "./dom.ts";

export interface Panel<Data> {
  title: string;
  load: (signal: AbortSignal) => Promise<Data>;
  /** What it shows; nothing where there is nothing to show. */
  show: (data: Data) => Child[];
  /** The sentence for that. */
  empty?: string;
  /** Ends what is under way when the view is left. */
  signal: AbortSignal;
  wide?: boolean;
}

/** Told when the server does not know the visitor any more. */
export const refused = new EventTarget();

let panels = 0;

export function panel<Data>({
  title,
  load,
  show,
  empty = "Nothing was played in this time.",
  signal,
  wide,
}: Panel<Data>) {
  panels += 1;
  const name = `panel-${panels}`;
  const body = h("div", { class: "body" });
  const run = async () => {
    fill(body, h("p", { class: "waiting", role: "status" }, "Loading …"));
    try {
      const shown = show(await load(signal));
      fill(body, ...(shown.length > 0 ? shown : [h("p", { class: "empty" }, empty)]));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.status === 401) {
        refused.dispatchEvent(new CustomEvent("refused", { detail: error.message }));
        return;
      }
      const said = error instanceof Error ? error.message : String(error);
      fill(
        body,
        h(
          "div",
          { class: "failed", role: "alert" },
          h("p", {}, said),
          h("button", { type: "button", onclick: run }, "Try again"),
        ),
      );
    }
  };
  void run();
  return h(
    "section",
    { class: wide ? "panel whole" : "panel", "aria-labelledby": name },
    h("h2", { id: name }, title),
    body,
  );
}
