// Verifies the shown count here: the audit that the command line runs, as WASM, in a worker of this page.
import { audit, type Report } from "@delistening/audit";
import { type Counts, counts } from "../api.ts";
import { fill, h } from "../dom.ts";
import { whole } from "../format.ts";
import { checkpoint, counted, key } from "../ledger.ts";
import { allows, current } from "../session.ts";

/** So many findings are shown. */
const SHOWN = 20;

export function verification(signal: AbortSignal): HTMLElement {
  const steps = h("ol", { class: "steps", "aria-live": "polite" });
  const input = h("input", { id: "log-key", name: "key", autocomplete: "off", spellcheck: "false" });
  const start = h("button", { type: "submit" }, "Verify in this browser");
  const verify = async (event: Event) => {
    event.preventDefault();
    start.disabled = true;
    fill(steps);
    try {
      await run(new Steps(steps), input.value.trim(), signal);
    } finally {
      start.disabled = false;
    }
  };
  const may = allows("export:read");
  return h(
    "section",
    { class: "panel whole", "aria-labelledby": "verify-title" },
    h("h2", { id: "verify-title" }, "Verify the count"),
    h(
      "p",
      {},
      "Every signature, chain, root and verdict is checked on your machine, and the plays are counted again by the " +
        "published rule. The server only hands out what the log commits to.",
    ),
    may
      ? h(
          "form",
          { onsubmit: verify },
          h(
            "label",
            { for: "log-key" },
            "The log's verifier key, if you hold it; otherwise the server is asked for it",
          ),
          h("span", { class: "together" }, input, start),
        )
      : h(
          "p",
          { class: "empty" },
          "This needs a token with the scope export:read: the export holds listeners' pseudonyms.",
        ),
    steps,
  );
}

/** Steps as they are taken, one below the other. */
class Steps {
  #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  async take<Result>(
    what: string,
    does: (say: (text: string) => void) => Promise<Result>,
    tell: (result: Result) => string,
  ) {
    const said = h("span", { class: "how" });
    const item = h("li", { "data-state": "running" }, h("b", {}, what), " ", said);
    this.#list.append(item);
    const result = await does((text) => {
      said.textContent = text;
    }).catch((error) => {
      item.dataset.state = "bad";
      said.textContent = error instanceof Error ? error.message : String(error);
      return undefined;
    });
    if (result === undefined) return undefined;
    item.dataset.state = "good";
    said.textContent = tell(result);
    return result;
  }

  end(holds: boolean, text: string, more: readonly string[] = []): void {
    const findings = more.length > 0 && h("ul", {}, ...more.map((line) => h("li", {}, line)));
    this.#list.append(h("li", { "data-state": holds ? "good" : "bad", "data-end": "" }, h("b", {}, text), findings));
  }
}

async function run(steps: Steps, pinned: string, signal: AbortSignal): Promise<void> {
  const logKey = await steps.take(
    "The log's key",
    async () => pinned || (await key(signal)),
    (text) => (pinned ? "yours" : `${text}, from the server: hold your own to need nobody's word`),
  );
  const head =
    logKey &&
    (await steps.take(
      "The newest checkpoint",
      () => checkpoint(signal),
      ({ size }) => `${whole(size)} entries`,
    ));
  if (!head) return;
  const before = await steps.take("The count that is shown", () => shown(head.size, signal), shownText);
  if (!before) return;
  const source = { url: `${location.origin}/v1/export`, token: current()?.token ?? "" };
  const report = await steps.take(
    "Signatures, chains, roots, verdicts and statements",
    (say) => audit(source, logKey, ({ entries }) => say(`${whole(entries)} of ${whole(head.size)} entries`)),
    summary,
  );
  if (!report) return;
  // Plays may have come while it was checked.
  const after = await steps.take("The count that is shown now", () => shown(head.size, signal), shownText);
  if (after) conclude(steps, report, before.valid, after.valid);
}

/** The count, if it is of the whole log: a server that is just starting, or was sent much at once, counts it yet. */
async function shown(size: number, signal: AbortSignal): Promise<Counts> {
  const known = await counted(signal);
  if (known < size)
    throw new Error(`the server has counted ${whole(known)} of ${whole(size)} entries yet; try again in a moment`);
  return counts({ of: "all" }, {}, signal);
}

const shownText = ({ valid }: Counts) => `${whole(valid)} valid plays`;

const summary = ({ entries, batches, verdicts, statements, erased_batches: erased }: Report) =>
  `${whole(entries)} entries: ${whole(batches)} batches, ${whole(verdicts)} verdicts, ${whole(statements)} statements` +
  (erased > 0 ? `; ${whole(erased)} batches were erased at their listeners' wish` : "");

function conclude(steps: Steps, { wrong, valid, findings }: Report, before: number, after: number): void {
  const told = findings
    .filter((finding) => finding.wrong)
    .map(({ sentence, index }) => (index === undefined ? sentence : `Entry ${index}: ${sentence}`));
  if (wrong > 0) steps.end(false, `The log does not hold: ${whole(wrong)} wrong.`, told.slice(0, SHOWN));
  else if (valid < Math.min(before, after) || valid > Math.max(before, after))
    steps.end(false, `${whole(valid)} plays are valid by the log, and the server shows ${whole(after)}.`);
  else steps.end(true, `It holds: counted again, the log gives ${whole(valid)} valid plays.`);
}
