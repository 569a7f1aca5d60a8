// Runs commands and steps for the scripts in this folder: clear titles, timings, and failures said in one
// sentence. Never prints a stack trace unless DEBUG is set. Start reading with `main`.

import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The top of the repository. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** An expected end of a script; its message is the sentence that the user reads. */
export class Stop extends Error {}

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = (text) => paint(1, text);
const dim = (text) => paint(2, text);

/** The steps run so far: `{ title, seconds, ok }`. */
export const steps = [];

/** Runs `work` under a title and notes how long it took; names the step in whatever ends it. */
export async function step(title, work) {
  console.log(`\n${bold(`▸ ${title}`)}`);
  const started = performance.now();
  const entry = { title, seconds: 0, ok: false };
  steps.push(entry);
  try {
    const result = await work();
    entry.ok = true;
    return result;
  } finally {
    entry.seconds = (performance.now() - started) / 1000;
    console.log(dim(`  ${entry.ok ? "done" : "failed"} after ${seconds(entry.seconds)}`));
  }
}

/** A duration for people. */
export function seconds(value) {
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

/** A line of detail under the running step. */
export function say(text) {
  console.log(`  ${text}`);
}

/** Shows a command in place of running it: for a script that only says what it would do. */
export async function show(command, args, { env = {} } = {}) {
  say([...Object.entries(env).map(([name, value]) => `${name}=${value}`), command, ...args].join(" "));
  return "";
}

/**
 * Runs a command and stops the script when it fails.
 * `quiet` keeps its output to itself unless it fails; `tee` shows the output and returns it too.
 */
export async function run(command, args, { cwd = ROOT, env, quiet = false, tee = false, why } = {}) {
  if (!quiet) console.log(dim(`  $ ${[command, ...args].join(" ")}`));
  const done = await start(command, args, { cwd, env, pipe: quiet || tee, show: tee });
  if (done.code === 0) return done.text;
  if (quiet) process.stderr.write(done.text);
  if (done.missing) throw new Stop(`\`${command}\` is needed and was not found: install it and run this again.`);
  const ended = done.signal ? `was ended by ${done.signal}` : `ended with code ${done.code}`;
  const failure = new Stop(why ?? `\`${[command, ...args].join(" ")}\` ${ended}.`);
  failure.output = done.text;
  throw failure;
}

/** Runs a command without showing anything: `{ code, stdout, text }`; `code` is undefined where there is no such command. */
export async function ask(command, args, { cwd = ROOT, env, seconds: limit } = {}) {
  return start(command, args, { cwd, env, pipe: true, show: false, limit });
}

function start(command, args, { cwd, env, pipe, show, limit }) {
  return new Promise((settle) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", pipe ? "pipe" : "inherit", pipe ? "pipe" : "inherit"],
      timeout: limit === undefined ? undefined : limit * 1000,
      shell: process.platform === "win32" && command === "npm",
    });
    let text = "";
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      stdout += chunk;
      if (show) process.stdout.write(chunk);
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      if (show) process.stderr.write(chunk);
    });
    child.on("error", (error) =>
      settle({ code: undefined, missing: error.code === "ENOENT", text: error.message, stdout }),
    );
    child.on("close", (code, signal) => settle({ code: code ?? undefined, signal, text, stdout }));
  });
}

/** Runs a script: what it throws becomes a sentence and exit code 1. */
export async function main(work) {
  try {
    await work();
  } catch (thrown) {
    console.error(`\n${bold("Stopped:")} ${thrown instanceof Error ? thrown.message : thrown}`);
    if (process.env.DEBUG && !(thrown instanceof Stop)) console.error(thrown);
    process.exitCode = 1;
  }
}

/** Whether the module at `url` (an import.meta.url) is what node was asked to run. */
export function isEntry(url) {
  return process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(url);
}
