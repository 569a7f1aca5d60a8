// `npm run test:sim -- --seeds N`: builds the simulation, optimised, and runs it. Its options stand in
// tests/src/bin/simulate.rs.

import { join } from "node:path";
import { main, ROOT, run, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const SUFFIX = process.platform === "win32" ? ".exe" : "";

await main(async () => {
  await setup();
  await step("Build the simulation, optimised", () =>
    run("cargo", ["build", "--profile", "simulation", "-p", "delistening-tests", "--bin", "simulate"]),
  );
  // Outside of a step: the last line stays the last.
  const program = join(ROOT, "target/simulation", `simulate${SUFFIX}`);
  await run(program, process.argv.slice(2), {
    why: "A seed failed; which one, and how to run it alone, stands above.",
  });
});
