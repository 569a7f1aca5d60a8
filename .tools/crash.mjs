// `npm run test:crash -- --runs N [--seed S]`: kills servers under load and checks what is left; see tests/src/crash.rs.

import { join } from "node:path";
import { isEntry, main, ROOT, run, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const SUFFIX = process.platform === "win32" ? ".exe" : "";
const program = (name) => join(ROOT, "target/debug", name + SUFFIX);

/** Runs the campaign with programs that are built. */
export function crash(...options) {
  const args = [program("delistening-ingest"), ...options];
  return run(program("crash"), args, { why: "Something was lost or counted twice; it stands above." });
}

if (isEntry(import.meta.url)) {
  await main(async () => {
    await setup();
    await step("Build the server, with a disk that can be told to fail, and its load", () =>
      // As `npm test` builds them, so that neither builds what the other has built.
      run("cargo", ["build", "--locked", "--workspace", "--all-features", "--lib", "--bins"]),
    );
    // Outside of a step: the campaign's last line stays the last.
    const options = process.argv.slice(2);
    await crash(...(options.includes("--runs") ? options : ["--runs", "50", ...options]));
  });
}
