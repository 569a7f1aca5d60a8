// `npm run demo:load`: a server with a month of listening in it, for trying the dashboard and the queries. People and
// cheats are made up from a seed; their batches are signed and go through the real intake. PORT changes the port; options
// go to the load: `npm run demo:load -- --listeners 200`. The data is made anew each time, in .data-demo.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { buildDashboard } from "./build.mjs";
import { bold, main, ROOT, run, step } from "./lib/run.mjs";
import { buildServer, port, serve } from "./lib/server.mjs";
import { setup } from "./setup.mjs";
import { buildWasm, MODULES } from "./wasm.mjs";

const DATA = ".data-demo";
const GEOIP = "target/demo.mmdb";
const LOAD = join(ROOT, "target/debug", `demo-load${process.platform === "win32" ? ".exe" : ""}`);

await main(async () => {
  const listen = `127.0.0.1:${port()}`;
  const { wasm } = await setup({ wasm: true });
  await step("Build the WASM module of the audit", () => buildWasm(wasm, MODULES.audit));
  await step("Build the dashboard", buildDashboard);
  await buildServer();
  await step("Build the listeners", () => run("cargo", ["build", "-p", "delistening-tests", "--bin", "demo-load"]));
  await run(LOAD, ["--write-geoip", GEOIP], { quiet: true });
  rmSync(join(ROOT, DATA), { recursive: true, force: true });
  const args = ["--data", DATA, "--listen", listen, "--verdicts-after", "5", "--geoip", GEOIP];
  process.exitCode = await serve([...args, "--forwarded-header", "X-Forwarded-For"], fill);
});

async function fill(url) {
  await run(LOAD, ["--url", url, ...process.argv.slice(2)], { why: "The server could not be filled; see above." });
  console.log(`
${bold(`Open ${url}/dashboard/ and get a development token.`)}
Ctrl-C ends it. The next time the month is made anew.
`);
}
