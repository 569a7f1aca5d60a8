// The real server in a process of its own, which a test may kill and start again on the same folder and port.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PROGRAM =
  process.env.DELISTENING_INGEST ?? fileURLToPath(new URL("../../target/debug/delistening-ingest", import.meta.url));
const KEYS = ["log-key.json", "dev-issuer.json"];

export class Ingest {
  origin = "";
  #data;
  #www;
  #settings;
  #child;
  #ended;

  /** `www`: a folder that the server shows at `/`; `settings`: more arguments of `serve`. */
  static async start({ www, settings = [] } = {}) {
    if (!existsSync(PROGRAM)) throw new Error("build the server first: cargo build -p delistening-ingest");
    const ingest = new Ingest();
    ingest.#data = await mkdtemp(join(tmpdir(), "delistening-tests-"));
    ingest.#www = www;
    ingest.#settings = settings;
    await ingest.run();
    return ingest;
  }

  /** Starts the program, on the port it had before if it had one. */
  async run() {
    const listen = this.origin ? new URL(this.origin).host : "127.0.0.1:0";
    const args = ["serve", "--dev", "--data", this.#data, "--listen", listen, ...this.#settings];
    if (this.#www) args.push("--www", this.#www);
    const child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    child.stderr.setEncoding("utf8").on("data", (text) => said.push(text));
    this.#child = child;
    this.#ended = once(child, "exit");
    this.origin = await new Promise((resolve, reject) => {
      createInterface(child.stdout).on("line", (line) => {
        const [, url] = /listening on (http:\S+)/.exec(line) ?? [];
        if (url) resolve(url);
      });
      this.#ended.then(() => reject(new Error(`the server did not start: ${said.join("")}`)), reject);
    });
  }

  /** Ends the program without a warning, as a power cut would. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async stop() {
    this.#child.kill("SIGTERM");
    await this.#ended;
    await rm(this.#data, { recursive: true });
  }

  /** The operator begins another history under the same keys and the same address. */
  async beginAnew() {
    const fresh = await mkdtemp(join(tmpdir(), "delistening-tests-"));
    for (const key of KEYS) await cp(join(this.#data, key), join(fresh, key));
    await this.stop();
    this.#data = fresh;
    await this.run();
  }

  /** What `evidence` says of a text, and its exit code. */
  async evidence(text) {
    const [file, vkey] = [join(this.#data, "evidence.json"), await (await fetch(`${this.origin}/log/vkey`)).text()];
    await writeFile(file, text);
    const child = spawn(PROGRAM, ["evidence", file, "--log-key", vkey], { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (piece) => said.push(piece));
    }
    const [code] = await once(child, "close");
    return { code, said: said.join("") };
  }

  /** A token, as anybody on this machine gets it in development. */
  async token(wanted) {
    const response = await fetch(`${this.origin}/dev/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(wanted),
    });
    return (await response.json()).token;
  }

  /** A share link, as whoever holds the issuer's key makes one. */
  async share() {
    const args = ["token", "--key", join(this.#data, "dev-issuer.json"), "--audience", "delistening-dev"];
    args.push("--issuer", "https://localhost/delistening-dev-issuer", "--share", this.origin, "--ttl", "604800");
    const { stdout } = await promisify(execFile)(PROGRAM, args);
    return stdout.trim();
  }

  /** What a service reads. */
  async get(path) {
    const headers = { authorization: `Bearer ${await this.token({ scope: "counts:read" })}` };
    return (await fetch(this.origin + path, { headers })).json();
  }

  /** Waits, on the live stream, until `test` says that the counts are as they should be. */
  async counts(test) {
    const headers = { authorization: `Bearer ${await this.token({ scope: "counts:read" })}` };
    const response = await fetch(`${this.origin}/v1/live`, { headers });
    const tracks = {};
    let buffer = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      buffer += decoder.decode(chunk, { stream: true });
      const events = buffer.split("\n\n");
      buffer = events.pop();
      for (const event of events) {
        const data = event.split("\n").find((line) => line.startsWith("data:"));
        if (!data) continue;
        const frame = JSON.parse(data.slice(5));
        Object.assign(tracks, frame.tracks);
        // Leaving the loop closes the stream.
        if (test(frame.total, tracks)) return { total: frame.total, tracks };
      }
    }
    throw new Error("the live stream ended");
  }

  async checkpoint() {
    const [origin, size, root] = (await (await fetch(`${this.origin}/log/checkpoint`)).text()).split("\n");
    return { origin, size: Number(size), root };
  }
}
