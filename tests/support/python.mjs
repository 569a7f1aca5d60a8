// Python programs with the packages that setup put in place.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const tool = (name) => fileURLToPath(new URL(`../../target/tools/${name}/bin/python`, import.meta.url));
const PYTHON = process.env.PYTHON ?? tool("python");

/** The Python that has ClickHouse's engine. */
export const CLICKHOUSE = tool("clickhouse");

/** Runs a program; gives how it ended, and what it said. */
export async function python(args, { cwd, executable = PYTHON } = {}) {
  if (!existsSync(executable)) throw new Error("Python with its packages is needed: node .tools/setup.mjs");
  // Nothing is left beside the programs.
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn(executable, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      said[name] += text;
    });
  }
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  return { code, ...said };
}
