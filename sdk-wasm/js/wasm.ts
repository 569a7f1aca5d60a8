// Finds and instantiates the WASM module: one instance per page, fetched when it is first needed.

import type * as Bindings from "./wasm/delistening_sdk_wasm.js";

/** The bindings of an instantiated module. */
export type Wasm = Pick<typeof Bindings, "Core" | "SeedKey">;
/** The state machine. */
export type Core = Bindings.Core;
/** The methods that take what happens, with the time at which it does. */
type Taking = Exclude<keyof Core & string, "free" | "take" | "status" | "evidence">;
/** What the bindings take of what happens. */
export type Taken = {
  [Name in Taking]: Core[Name] extends (wall: number, mono: number, ...rest: infer Rest) => unknown
    ? readonly [Name, ...Rest]
    : never;
}[Taking];

let loading: Promise<Wasm> | undefined;

/** The module; after a failure the next call tries again. */
export function loadWasm(): Promise<Wasm> {
  loading ??= instantiate().catch((thrown: unknown) => {
    loading = undefined;
    throw thrown;
  });
  return loading;
}

async function instantiate(): Promise<Wasm> {
  const bindings = await import("./wasm/delistening_sdk_wasm.js");
  // Bundlers recognise this form, copy the file and rewrite its address.
  await bindings.default({
    module_or_path: new URL("./wasm/delistening_sdk_wasm_bg.wasm", import.meta.url),
  });
  return bindings;
}
