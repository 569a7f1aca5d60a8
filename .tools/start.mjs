// `npm start`: builds the server and the demo page, and serves both on this machine until it is interrupted.
// PORT changes the port. Data stays in .data from one start to the next.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { bold, main, ROOT, run, Stop, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const DEFAULT_PORT = "8787";
const SERVER = join(ROOT, "target/debug", `delistening-ingest${process.platform === "win32" ? ".exe" : ""}`);

await main(async () => {
  const port = process.env.PORT || DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Stop(`PORT is ${port}: give a number up to 65535.`);
  const { wasm } = await setup({ wasm: true });
  await build(wasm);
  // Unoptimised: it is built in a third of the time, and one listener does not load it.
  await step("Build the server", () => run("cargo", ["build", "-p", "delistening-ingest"]));
  process.exitCode = await serve(port);
});

/** Runs the server and gives its exit code. */
function serve(port) {
  const args = ["serve", "--dev", "--data", ".data", "--www", "examples/demo/dist", "--listen", `127.0.0.1:${port}`];
  // A process group of its own: an interrupt from the keyboard reaches it once, through us, and not twice.
  const server = spawn(SERVER, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"], detached: true });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => server.kill(signal));
  let line = "";
  let welcomed = false;
  server.stdout.setEncoding("utf8").on("data", (chunk) => {
    process.stdout.write(chunk);
    line = (line + chunk).slice(-4096);
    const url = /listening on (http:\/\/\S+)\s/.exec(line)?.[1];
    if (url && !welcomed) {
      welcomed = true;
      welcome(url);
    }
  });
  return new Promise((settle, fail) => {
    server.on("error", (error) => fail(new Stop(`The server could not be started: ${error.message}.`)));
    server.on("close", (code, signal) => settle(code ?? 128 + constants.signals[signal]));
  });
}

function welcome(url) {
  console.log(`
${bold(`Open ${url} and press play.`)}
You will see what is heard become signed events, a batch, an ack, a receipt that the page itself checks, and one
more valid play in the live count. Ctrl-C ends it; what was counted stays in .data.
`);
}
