// `npm run folder`: writes ingest-server/tests/folders/VERSION, a small data folder that every later version must open. To be
// run once for each release, and what it makes is added to git.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { main, ROOT, run, Stop, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const out = join(ROOT, "ingest-server/tests/folders", version);
  if (existsSync(out)) throw new Stop(`${out} is there already: what a released version has written is never changed.`);
  await setup();
  await step("Build the server", () =>
    run("cargo", ["build", "--locked", "--workspace", "--all-features", "--lib", "--bins"]),
  );
  const program = (name) => join(ROOT, "target/debug", name);
  await run(program("write-folder"), ["--server", program("delistening-ingest"), "--out", out]);
});
