// Go: what the independent implementations of logs and notes are built with that ours are compared with.

import { ask, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";
import { atLeast } from "./rust.mjs";

const LEAST = "1.19";
const OTHERWISE = `Go ${LEAST} or newer is needed: install it (https://go.dev/dl) and run this again.`;

/** Sees to Go; gives its version. */
export async function ensureGo() {
  if ((await goVersion()) === undefined) await aptInstall(["golang-go"], OTHERWISE);
  const version = await goVersion();
  if (version === undefined || !atLeast(version, LEAST)) throw new Stop(OTHERWISE);
  say(`Go ${version}`);
  return version;
}

/** The version that Go says it has; undefined where it is missing. */
async function goVersion() {
  const { code, stdout } = await ask("go", ["version"], { seconds: 60 });
  return code === 0 ? /go version go([\d.]+)/.exec(stdout)?.[1] : undefined;
}
