// Python packages for tests: what the example client uses, and the tester that holds the API against its description. In
// an environment of its own.

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ask, ROOT, run, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";

const PACKAGES = { joserfc: "1.8.0", requests: "2.34.2", schemathesis: "4.32.5" };
const FOLDER = join(ROOT, "target/tools/python");
const PYTHON = join(FOLDER, "bin/python");
const OTHERWISE =
  "Python 3.10 or newer with its module venv is needed for the tests of the example client and of the API: install it and run this again.";

/** The Python that has them. */
export async function ensurePython() {
  if (!(await works())) await install();
  say(
    `Python with ${Object.entries(PACKAGES)
      .map((named) => named.join(" "))
      .join(", ")}`,
  );
  return PYTHON;
}

async function works() {
  if (!existsSync(PYTHON)) return false;
  const names = Object.keys(PACKAGES).map((name) => `m.version('${name}')`);
  const program = `import importlib.metadata as m; print(${names.join(", ")})`;
  const { code, stdout } = await ask(PYTHON, ["-c", program], { seconds: 60 });
  return code === 0 && stdout.trim() === Object.values(PACKAGES).join(" ");
}

async function install() {
  rmSync(FOLDER, { recursive: true, force: true });
  say("installing Python packages for tests (once, 110 MB on the disk)");
  if ((await ask("python3", ["-c", "import venv, ensurepip"])).code !== 0) {
    await aptInstall(["python3", "python3-venv"], OTHERWISE);
  }
  await run("python3", ["-m", "venv", FOLDER], { quiet: true, why: OTHERWISE });
  const packages = Object.entries(PACKAGES).map((named) => named.join("=="));
  await run(PYTHON, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages], {
    quiet: true,
    why: "Python packages for tests could not be installed; what pip said stands above.",
  });
  if (!(await works())) throw new Stop(`The Python packages in ${FOLDER} are not those that are needed.`);
}
