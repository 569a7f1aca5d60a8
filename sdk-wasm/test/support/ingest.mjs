// The real ingest server, in development mode, with a data folder of its own; and what its operator could do.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM =
  process.env.DELISTENING_INGEST ?? fileURLToPath(new URL("../../../target/debug/delistening-ingest", import.meta.url));
const KEYS = ["log-key.json", "dev-issuer.json"];

export async function startIngest() {
  if (!existsSync(PROGRAM)) throw new Error("build the server first: cargo build -p delistening-ingest");
  let data = await newFolder();
  let server = await serve(data, "127.0.0.1:0");
  const { origin } = server;
  const stop = async () => {
    server.child.kill("SIGTERM");
    await server.ended;
    await rm(data, { recursive: true });
  };
  return {
    origin,
    stop,
    /** What a platform's backend does in production. */
    async token({ device, listener }) {
      const response = await fetch(`${origin}/dev/token`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ device, listener }),
      });
      return (await response.json()).token;
    },
    /** The operator begins another history under the same keys and the same address. */
    async beginAnew() {
      const fresh = await newFolder();
      for (const key of KEYS) await cp(join(data, key), join(fresh, key));
      await stop();
      data = fresh;
      server = await serve(data, new URL(origin).host);
    },
    /** What `evidence` says of a text, and its exit code. */
    async evidence(text) {
      const [file, vkey] = [join(data, "evidence.json"), await (await fetch(`${origin}/log/vkey`)).text()];
      await writeFile(file, text);
      const child = spawn(PROGRAM, ["evidence", file, "--log-key", vkey], { stdio: ["ignore", "pipe", "pipe"] });
      const said = [];
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (piece) => said.push(piece));
      }
      const [code] = await once(child, "close");
      return { code, said: said.join("") };
    },
  };
}

function newFolder() {
  return mkdtemp(join(tmpdir(), "delistening-sdk-"));
}

async function serve(data, listen) {
  const args = ["serve", "--dev", "--data", data, "--listen", listen];
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
  return { child, ended, origin };
}
