// Makes a panic of a WASM module a trap without a message. Modules that take `std` along carry what writes the
// message, of which a page that plays sound shows nothing: about a twentieth of what it would download.

import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";
import { Stop } from "./lib/run.mjs";

// Functions of the standard library that do nothing but panic. None of them ever returns.
const PANICS = [
  /\bcore(\[\w+\])?::panicking::/,
  /\bcore(\[\w+\])?::(option|result)::(unwrap|expect)_failed/,
  /\bcore(\[\w+\])?::(slice|str)::.*_fail(_rt)?\b/,
  /\bstd(\[\w+\])?::panicking::(panic_with_hook|panic_handler|begin_panic)/,
  /\balloc(\[\w+\])?::raw_vec::(capacity_overflow|handle_error)/,
  /\balloc(\[\w+\])?::alloc::handle_alloc_error/,
  /\bhashbrown(\[\w+\])?::raw::Fallibility>::(capacity_overflow|alloc_err)/,
];

// What rustc and wasm-bindgen may have used, and nothing newer, or binaryen writes what browsers do not read yet.
const FEATURES = [
  "MutableGlobals",
  "NontrappingFPToInt",
  "SIMD128",
  "BulkMemory",
  "BulkMemoryOpt",
  "CallIndirectOverlong",
  "SignExt",
  "ReferenceTypes",
  "Multivalue",
].reduce((all, name) => all | binaryen.Features[name], 0);

/** Rewrites the module at `path`, which still has the names of its functions. */
export function trapOnPanic(path) {
  binaryen.setDebugInfo(true);
  const module = binaryen.readBinary(readFileSync(path));
  module.setFeatures(FEATURES);
  let cut = 0;
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const reference = module.getFunctionByIndex(index);
    const { name, module: importedFrom } = binaryen.getFunctionInfo(reference);
    if (importedFrom || !PANICS.some((panic) => panic.test(name))) continue;
    binaryen.Function(reference).body = module.unreachable();
    cut += 1;
  }
  if (cut === 0) throw new Stop(`${path} has no function that panics by a name that .tools/panics.mjs knows.`);
  writeFileSync(path, module.emitBinary());
  module.dispose();
}
