// The modules that decode: which one a file needs, and how it is loaded. One per family of codecs, each loaded once.

import type * as Bindings from "../../wasm/plain/delistening_player.js";

/** A decoder of one file, and the memory that its samples lie in. */
export interface Decoder {
  readonly audio: Bindings.Audio;
  readonly memory: WebAssembly.Memory;
}

/** What `Audio.advance` answers; the numbers are the module's. */
export const State = { read: 0, opened: 1, audio: 2, end: 3, unsupported: 4, damaged: 5 } as const;

export type Codec = "mp3" | "flac" | "mp4" | "vorbis" | "opus" | "pcm";
/** What else is done to sound: by a module of its own, where it is wanted. */
export type Tool = "measure" | "resample";

/** Each spelled out, so that bundlers see what belongs to them. */
const MODULES: Record<Codec | Tool | "plain", () => [Promise<unknown>, URL]> = {
  mp3: () => [
    import("../../wasm/mp3/delistening_player.js"),
    new URL("../../wasm/mp3/delistening_player_bg.wasm", import.meta.url),
  ],
  flac: () => [
    import("../../wasm/flac/delistening_player.js"),
    new URL("../../wasm/flac/delistening_player_bg.wasm", import.meta.url),
  ],
  mp4: () => [
    import("../../wasm/mp4/delistening_player.js"),
    new URL("../../wasm/mp4/delistening_player_bg.wasm", import.meta.url),
  ],
  vorbis: () => [
    import("../../wasm/vorbis/delistening_player.js"),
    new URL("../../wasm/vorbis/delistening_player_bg.wasm", import.meta.url),
  ],
  opus: () => [
    import("../../wasm/opus/delistening_player.js"),
    new URL("../../wasm/opus/delistening_player_bg.wasm", import.meta.url),
  ],
  pcm: () => [
    import("../../wasm/pcm/delistening_player.js"),
    new URL("../../wasm/pcm/delistening_player_bg.wasm", import.meta.url),
  ],
  measure: () => [
    import("../../wasm/measure/delistening_player.js"),
    new URL("../../wasm/measure/delistening_player_bg.wasm", import.meta.url),
  ],
  resample: () => [
    import("../../wasm/resample/delistening_player.js"),
    new URL("../../wasm/resample/delistening_player_bg.wasm", import.meta.url),
  ],
  plain: () => [
    import("../../wasm/plain/delistening_player.js"),
    new URL("../../wasm/plain/delistening_player_bg.wasm", import.meta.url),
  ],
};

/** The smallest module with an instruction of SIMD in it. */
const SIMD = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  10,
  1,
  8,
  0,
  65,
  0,
  253,
  15,
  253,
  98,
  11,
);

/** A module: what it offers, and the memory that its samples lie in. */
export type Module = typeof Bindings & { readonly memory: WebAssembly.Memory };

const loading = new Map<string, Promise<Module>>();

/** A decoder for a file that begins with `head`. */
export async function openDecoder(head: Uint8Array): Promise<Decoder> {
  const { Audio, memory } = await loadModule(sniff(head));
  return { audio: new Audio(), memory };
}

/** Loads a module, once; without SIMD, the one that has all in it. */
export function loadModule(name: Codec | Tool): Promise<Module> {
  const wanted = WebAssembly.validate(SIMD) ? name : "plain";
  let module = loading.get(wanted);
  if (!module) {
    module = load(wanted);
    loading.set(wanted, module);
    module.catch(() => loading.delete(wanted));
  }
  return module;
}

async function load(name: Codec | Tool | "plain"): Promise<Module> {
  const [bindings, address] = MODULES[name]();
  const module = (await bindings) as typeof Bindings;
  const { memory } = await module.default({ module_or_path: address });
  return { ...module, memory };
}

/** The family of codecs of a file that begins with `head`, by its content: names and types are often wrong. */
export function sniff(head: Uint8Array): Codec {
  const text = (at: number, length: number) => String.fromCharCode(...head.subarray(at, at + length));
  let start = 0;
  while (text(start, 3) === "ID3") {
    const [a = 0, b = 0, c = 0, d = 0] = head.subarray(start + 6, start + 10);
    start += 10 + ((a << 21) | (b << 14) | (c << 7) | d);
  }
  const kind = text(start, 4);
  if (kind === "fLaC") return "flac";
  if (kind === "OggS") return text(start + 28, 8) === "OpusHead" ? "opus" : "vorbis";
  if (kind === "RIFF" || kind === "RF64" || kind === "FORM") return "pcm";
  if (["ftyp", "moov", "mdat", "free", "wide", "skip"].includes(text(start + 4, 4))) return "mp4";
  // The layer tells AAC in ADTS from MP3.
  const [first = 0, second = 0] = head.subarray(start, start + 2);
  return first === 0xff && (second & 0xf6) === 0xf0 ? "mp4" : "mp3";
}
