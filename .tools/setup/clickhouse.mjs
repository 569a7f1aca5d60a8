// A real ClickHouse engine for the store's tests: the Python package chdb-core, which is ClickHouse in a process, in
// an environment of its own. Where CLICKHOUSE_URL names a server, the tests use that.

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ask, ROOT, run, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";

const VERSION = "26.9.0";
const FOLDER = join(ROOT, "target/tools/clickhouse");
export const PYTHON = join(FOLDER, "bin/python");
const OTHERWISE =
  "Python 3.9 or newer with its module venv is needed for ClickHouse's engine: install it, or name a ClickHouse server in CLICKHOUSE_URL, and run this again.";

/** Sees that there is an engine to test with. */
export async function ensureClickHouse() {
  if (process.env.CLICKHOUSE_URL) return say(`ClickHouse: the server at ${process.env.CLICKHOUSE_URL}`);
  if (!(await works())) await install();
  say(`ClickHouse's engine ${VERSION}`);
}

async function works() {
  if (!existsSync(PYTHON)) return false;
  const program = "import importlib.metadata as m, chdb; print(m.version('chdb-core'))";
  const { code, stdout } = await ask(PYTHON, ["-c", program], { seconds: 60 });
  return code === 0 && stdout.trim() === VERSION;
}

async function install() {
  rmSync(FOLDER, { recursive: true, force: true });
  say("installing ClickHouse's engine (once, 180 MB)");
  if ((await ask("python3", ["-c", "import venv, ensurepip"])).code !== 0) {
    await aptInstall(["python3", "python3-venv"], OTHERWISE);
  }
  await run("python3", ["-m", "venv", FOLDER], { quiet: true, why: OTHERWISE });
  // Without what it would bring along for data frames, which nothing here uses.
  const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", `chdb-core==${VERSION}`];
  await run(PYTHON, args, {
    quiet: true,
    why: "ClickHouse's engine could not be installed; what pip said stands above.",
  });
  if (!(await works())) throw new Stop(`The package chdb-core ${VERSION} is installed in ${FOLDER}, but does not run.`);
}
