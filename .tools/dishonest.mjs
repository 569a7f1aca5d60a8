// `npm run test:dishonest`: plays every trick of a dishonest operator; see tests/src/dishonest/.

import { join } from "node:path";
import { isEntry, main, ROOT, run, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const PROGRAM = join(ROOT, `target/debug/dishonest${process.platform === "win32" ? ".exe" : ""}`);

if (isEntry(import.meta.url)) {
  await main(async () => {
    await setup();
    await step("Build the server, the device and the auditor", () =>
      // As `npm test` builds them, so that neither builds what the other has built.
      run("cargo", ["build", "--locked", "--workspace", "--all-features", "--lib", "--bins"]),
    );
    // Outside of a step: its last line stays the last.
    await run(PROGRAM, [], { why: "Somebody did not see what they should; it stands above." });
  });
}
