// An audio player whose plays are measured. Start with `Player`; `Engine` is what decodes and sounds.
// Importing this module does nothing: it is safe on a server that renders.

export { AutoEngine, type AutoEngineOptions, type EngineChoice } from "./engine/auto.js";
export type { Engine, EngineListener, EngineSignal } from "./engine/engine.js";
export { NativeEngine } from "./engine/native.js";
export type { WasmEngine, WasmEngineOptions } from "./engine/wasm/engine.js";
export { PlayerError, type PlayerErrorCode } from "./errors.js";
export type { PlayerEvents, PlayerState } from "./events.js";
export type { RememberOptions } from "./memory.js";
export type { PlayerOptions } from "./options.js";
export { Player } from "./player.js";
export { type Loudness, type PlayerTrack, Queue, type QueueState, type Repeat } from "./queue.js";
export type { Span } from "./spans.js";
