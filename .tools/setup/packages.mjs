// The npm packages of the lock file, and the version of Node that they and these scripts need.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf, unlessDone } from "../lib/inputs.mjs";
import { ROOT, run, Stop, say } from "../lib/run.mjs";

const LEAST_NODE = 20;

/** The folders of the npm workspaces. */
export function workspaces() {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).workspaces;
}

/** Sees that node_modules is what the lock file says. */
export async function ensurePackages() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < LEAST_NODE) throw new Stop(`Node ${LEAST_NODE} or newer is needed and ${process.versions.node} is here.`);
  const manifests = ["package.json", ...workspaces().map((folder) => `${folder}/package.json`)];
  const hash = hashOf(["package-lock.json", ".npmrc", ...manifests], process.platform + process.arch);
  const installed = ["node_modules/.package-lock.json"];
  await unlessDone("packages", hash, installed, async () => {
    say("installing npm packages");
    await run("npm", ["ci", "--no-audit", "--no-fund"], {
      quiet: true,
      why: "`npm ci` failed; what it said stands above.",
    });
  });
  say(`Node ${process.versions.node}, npm packages as locked`);
}
