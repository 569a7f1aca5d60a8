// Runs the `sh` blocks of a document, from the first to the last, as somebody would who follows it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { ROOT } from "./documents.mjs";

const PROGRAM = process.env.DELISTENING_INGEST ?? join(ROOT, "target/debug/delistening-ingest");
const CONTEXT = readFileSync(new URL("context.sh", import.meta.url), "utf8");
const SCRIPT = ".commands";
const TIMEOUT_MS = 30_000;

/**
 * Runs `commands` in the context of context.sh. `files` (texts by name) lie in the folder, and `env` is set. Rejects
 * with what was said, and which command failed.
 */
export async function runCommands(commands, { files = {}, env = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "delistening-docs-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const PATH = `${dirname(PROGRAM)}${delimiter}${process.env.PATH}`;
    await writeFile(join(folder, SCRIPT), CONTEXT + commands);
    const child = spawn("bash", [SCRIPT], {
      cwd: folder,
      env: { PATH, HOME: folder, ROOT, DELISTENING_LISTEN: "127.0.0.1:0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that nothing which a command started outlives the limit.
      detached: true,
    });
    const limit = setTimeout(() => process.kill(-child.pid, "SIGKILL"), TIMEOUT_MS);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
    const [code, signal] = await once(child, "close");
    clearTimeout(limit);
    if (code !== 0) throw new Error(`${said}\n(ended with ${signal ?? code})`);
    return said;
  } finally {
    await rm(folder, { recursive: true });
  }
}
