// The real ingest server, in development mode, with a data folder of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM =
  process.env.DELISTENING_INGEST ?? fileURLToPath(new URL("../../../target/debug/delistening-ingest", import.meta.url));

export async function startIngest() {
  if (!existsSync(PROGRAM)) throw new Error("build the server first: cargo build -p delistening-ingest");
  const data = await mkdtemp(join(tmpdir(), "delistening-sdk-"));
  const args = ["serve", "--dev", "--data", data, "--listen", "127.0.0.1:0"];
  const child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  child.stderr.setEncoding("utf8").on("data", (text) => said.push(text));
  const ended = once(child, "exit");
  const origin = await new Promise((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const [, url] = /listening on (http:\S+)/.exec(line) ?? [];
      if (url) resolve(url);
    });
    ended.then(() => reject(new Error(`the server did not start: ${said.join("")}`)), reject);
  });
  return {
    origin,
    /** What a platform's backend does in production. */
    async token({ device, listener }) {
      const response = await fetch(`${origin}/dev/token`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ device, listener }),
      });
      return (await response.json()).token;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
      await rm(data, { recursive: true });
    },
  };
}
