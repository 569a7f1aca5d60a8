// What compiles and runs Swift: the toolchain that is here, or on Linux Debian 13's own, in a folder of its own that is
// entered with chroot, since it needs a later C library than older systems have.

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf, unlessDone } from "../lib/inputs.mjs";
import { ask, ROOT, run, Stop, say } from "../lib/run.mjs";
import { aptInstall } from "./apt.mjs";
import { atLeast } from "./rust.mjs";

const LEAST = "6.0";
const OTHERWISE = `Swift ${LEAST} or newer is needed: install it (https://swift.org/install) and run this again.`;
const SYSTEM = "target/tools/swift";
// Links in its /usr/bin lead nowhere from outside.
const PROGRAM = `${SYSTEM}/usr/libexec/swift/bin/swift`;
const RELEASE = "trixie";
const PACKAGES = ["swiftlang", "libswiftlang", "gcc", "libc6-dev", "libstdc++-14-dev", "binutils"];
// What is never unpacked: debuggers, editors' servers, static libraries, texts. A gigabyte of 2.6.
const LEFT_OUT = [
  "/usr/share/doc/*",
  "/usr/share/man/*",
  "/usr/share/locale/*",
  "/usr/libexec/swift/lib/liblldb*",
  "/usr/libexec/swift/lib/libLTO*",
  "/usr/libexec/swift/lib/libsourcekitdInProc*",
  "/usr/libexec/swift/lib/swift_static/*",
  "/usr/libexec/swift/lib/swift/embedded/*",
  "/usr/libexec/swift/bin/*lldb*",
  "/usr/libexec/swift/bin/clangd",
  "/usr/libexec/swift/bin/docc",
  "/usr/libexec/swift/bin/sourcekit-lsp",
  "/usr/libexec/swift/bin/swift-format",
];
// Mounts of its own, which end with the command: the repository under its own name, and what programs ask the kernel for.
const ENTER = `system=$1 root=$2; shift 2
mkdir -p "$system$root" &&
mount --rbind /proc "$system/proc" && mount --rbind /dev "$system/dev" && mount --bind "$root" "$system$root" &&
exec chroot "$system" env HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin "$@"`;

/**
 * How to run a command where Swift is: gives a promise of the words to put before it. What must be installed is installed
 * meanwhile, with little of the processors: the network and the disk are what takes the time. Where Swift is missing and
 * may not be installed, gives a `Stop` in place of the promise: `{ words }` or `{ missing }`.
 */
export async function ensureSwift() {
  const here = await swiftVersion([]);
  if (here !== undefined && atLeast(here, LEAST)) {
    say(`Swift ${here}`);
    return { words: Promise.resolve([]) };
  }
  const mounts = process.platform === "linux" && (await ask("unshare", ["--mount", "true"])).code === 0;
  if (!mounts || process.getuid?.() !== 0) return { missing: new Stop(OTHERWISE) };
  const inputs = hashOf([], [RELEASE, ...PACKAGES, ...LEFT_OUT].join());
  const enter = ["unshare", "--mount", "sh", "-c", ENTER, "sh", join(ROOT, SYSTEM), ROOT];
  if ((await ask("debootstrap", ["--version"])).code !== 0) await aptInstall(["debootstrap"], OTHERWISE);
  const words = unlessDone("swift", inputs, [PROGRAM], install).then(async () => {
    if ((await swiftVersion(enter)) !== undefined) return enter;
    throw new Stop(`Swift is installed in ${SYSTEM}, but does not run there. ${OTHERWISE}`);
  });
  // It fails when it is waited for.
  words.catch(() => {});
  return { words };
}

async function swiftVersion(enter) {
  const [command, ...args] = [...enter, "swift", "--version"];
  const { code, text } = await ask(command, args, { seconds: 60 });
  return code === 0 ? /Swift version (\d+(?:\.\d+)*)/.exec(text)?.[1] : undefined;
}

async function install() {
  const root = join(ROOT, SYSTEM);
  rmSync(root, { recursive: true, force: true });
  say(`installing Debian's Swift in ${SYSTEM} (once, 1.4 GB, some minutes) in the background`);
  await run("nice", ["debootstrap", "--variant=minbase", RELEASE, root], {
    quiet: true,
    why: `${OTHERWISE} (debootstrap failed.)`,
  });
  mkdirSync(join(root, "etc/dpkg/dpkg.cfg.d"), { recursive: true });
  // A half-installed system is thrown away, so nothing need reach the disk file by file.
  const options = ["force-unsafe-io", ...LEFT_OUT.map((path) => `path-exclude=${path}`)];
  writeFileSync(join(root, "etc/dpkg/dpkg.cfg.d/small"), `${options.join("\n")}\n`);
  const apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", "APT::Keep-Downloaded-Packages=false"];
  const install = ["install", "--no-install-recommends", ...PACKAGES];
  for (const step of [["update"], install, ["clean"]]) {
    await run("nice", ["chroot", root, ...apt, ...step], { quiet: true, why: `${OTHERWISE} (apt-get could not.)` });
  }
  rmSync(join(root, "var/lib/apt/lists"), { recursive: true, force: true });
  if (!existsSync(join(ROOT, PROGRAM))) throw new Stop(OTHERWISE);
}
