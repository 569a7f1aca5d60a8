// A sound card that nobody hears and that keeps time: Firefox plays nothing without one, and test machines have none.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Gives what stands in the environment of programs that shall use it. Systems but Linux have sound of their own. */
export async function startSound() {
  if (process.platform !== "linux") return { env: {}, async stop() {} };
  const folder = await mkdtemp(join(tmpdir(), "delistening-sound-"));
  const socket = join(folder, "socket");
  const listening = until(folder, "socket");
  const modules = ["module-null-sink", `module-native-protocol-unix auth-anonymous=1 socket=${socket}`];
  const child = spawn(
    "pulseaudio",
    [
      "-n",
      "--daemonize=no",
      "--exit-idle-time=-1",
      "--use-pid-file=no",
      ...modules.map((module) => `--load=${module}`),
    ],
    { env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder }, stdio: "ignore" },
  );
  const ended = once(child, "exit").catch((error) => [error.message]);
  const failed = ended.then(([why]) => Promise.reject(new Error(`pulseaudio is needed and did not start: ${why}`)));
  failed.catch(() => {});
  await Promise.race([listening, failed]);
  return {
    // A short buffer: the time that a page sees is the time that is played.
    env: { PULSE_SERVER: `unix:${socket}`, PULSE_LATENCY_MSEC: "40" },
    async stop() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when there is a file of this name in the folder. */
async function until(folder, name) {
  for await (const { filename } of watch(folder)) if (filename === name) return;
}
