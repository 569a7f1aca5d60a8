// Adds up what the test runners print at their ends: cargo's `test result:` lines and the spec reporter of node.

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character
const COLOURS = /\u001b\[[0-9;]*m/g;
const CARGO = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm;
const NODE = /^ℹ (pass|fail|cancelled|skipped|todo) (\d+)$/gm;

/** The sums over all that was added. */
export class Totals {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** Adds the output of `runner`, "cargo" or "node". */
  add(runner, output) {
    const text = output.replace(COLOURS, "");
    if (runner === "cargo") {
      for (const [, passed, failed, ignored] of text.matchAll(CARGO)) {
        this.passed += Number(passed);
        this.failed += Number(failed);
        this.skipped += Number(ignored);
      }
      return;
    }
    for (const [, kind, count] of text.matchAll(NODE)) {
      if (kind === "pass") this.passed += Number(count);
      else if (kind === "fail" || kind === "cancelled") this.failed += Number(count);
      else this.skipped += Number(count);
    }
  }
}
