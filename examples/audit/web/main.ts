// The page: a form, a bar, and what was found in words.
import { audit, type Progress, type Report, type Source } from "./audit.ts";

/** So many findings are shown; the rest is counted. */
const SHOWN = 200;

const element = <Type extends Element>(selector: string): Type => {
  const found = document.querySelector<Type>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
};

const form = element<HTMLFormElement>("#form");
const start = element<HTMLButtonElement>("#start");
const bar = element<HTMLProgressElement>("#bar");
const how = element<HTMLElement>("#how");
const verdict = element<HTMLElement>("#verdict");
const result = element<HTMLElement>("#result");
const number = new Intl.NumberFormat("en");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const source = chosen();
  result.hidden = true;
  verdict.className = "";
  if (!source) {
    verdict.textContent = "Choose a file, or give an address.";
    return;
  }
  start.disabled = true;
  verdict.textContent = "Checking …";
  how.textContent = "";
  bar.hidden = false;
  bar.removeAttribute("value");
  try {
    show(await audit(source, element<HTMLInputElement>("#key").value, advance));
  } catch (error) {
    verdict.className = "bad";
    verdict.textContent = `It could not be checked: ${error instanceof Error ? error.message : error}`;
  } finally {
    start.disabled = false;
    bar.hidden = true;
  }
});

function chosen(): Source | undefined {
  const file = element<HTMLInputElement>("#file").files?.[0];
  if (file) return { file };
  const url = element<HTMLInputElement>("#url").value.trim();
  const token = element<HTMLInputElement>("#token").value.trim();
  return url ? { url, ...(token && { token }) } : undefined;
}

function advance({ entries, bytes, total }: Progress) {
  if (total) bar.value = bytes / total;
  how.textContent = `${number.format(entries)} entries, ${number.format(Math.ceil(bytes / 1024))} KiB`;
}

function show(report: Report) {
  const holds = report.wrong === 0;
  verdict.className = holds ? "good" : "bad";
  verdict.textContent = holds
    ? "The export holds: every signature, chain, root, verdict and count is as it should be."
    : `The export does not hold: ${number.format(report.wrong)} ${report.wrong === 1 ? "thing is" : "things are"} wrong.`;
  const counted: [string, number][] = [
    ["entries checked", report.entries],
    ["batches", report.batches],
    ["batches erased", report.erased_batches],
    ["sessions judged again", report.sessions],
    ["of them valid plays", report.valid],
    ["verdicts compared", report.verdicts],
    ["statements counted again", report.statements],
  ];
  element("#counts").replaceChildren(
    ...counted.map(([what, count]) => {
      const row = document.createElement("div");
      row.append(text("dt", what), text("dd", number.format(count)));
      return row;
    }),
  );
  const findings = report.findings.slice(0, SHOWN).map(({ wrong, index, sentence }) => {
    const item = text("li", index === undefined ? sentence : `Entry ${index}: ${sentence}`);
    item.className = wrong ? "bad" : "odd";
    item.prepend(text("b", wrong ? "Wrong. " : "Odd, but not wrong. "));
    return item;
  });
  const more = report.wrong + report.odd - findings.length;
  if (more > 0) findings.push(text("li", `and ${number.format(more)} more`));
  element("#findings").replaceChildren(...findings);
  element<HTMLElement>("#found").hidden = findings.length === 0;
  result.hidden = false;
}

function text(name: string, content: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = content;
  return made;
}
