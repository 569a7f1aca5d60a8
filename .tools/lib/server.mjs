// The server in a process of its own, for people who look at it: it ends with us.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { ROOT, run, Stop, step } from "./run.mjs";

const SUFFIX = process.platform === "win32" ? ".exe" : "";
const SERVER = join(ROOT, "target/debug", `delistening-ingest${SUFFIX}`);
const DEFAULT_PORT = "8787";

/** The port that PORT asks for. */
export function port() {
  const port = process.env.PORT || DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Stop(`PORT is ${port}: give a number up to 65535.`);
  return port;
}

/** Unoptimised: it is built in a third of the time, and one listener does not load it. */
export async function buildServer() {
  await step("Build the server", () => run("cargo", ["build", "-p", "delistening-ingest"]));
}

/** Runs the server with `--dev` and more arguments, tells its address, and gives its exit code. */
export function serve(args, listening) {
  // A process group of its own: an interrupt from the keyboard reaches it once, through us, and not twice.
  const stdio = ["ignore", "pipe", "inherit"];
  const server = spawn(SERVER, ["serve", "--dev", ...args], { cwd: ROOT, stdio, detached: true });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => server.kill(signal));
  let line = "";
  let told = false;
  server.stdout.setEncoding("utf8").on("data", (chunk) => {
    process.stdout.write(chunk);
    line = (line + chunk).slice(-4096);
    const url = /listening on (http:\/\/\S+)\s/.exec(line)?.[1];
    if (!url || told) return;
    told = true;
    Promise.resolve(listening(url)).catch((error) => {
      console.error(error.message);
      server.kill("SIGTERM");
    });
  });
  return new Promise((settle, fail) => {
    server.on("error", (error) => fail(new Stop(`The server could not be started: ${error.message}.`)));
    server.on("close", (code, signal) => settle(code ?? 128 + constants.signals[signal]));
  });
}
