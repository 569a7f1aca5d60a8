// Which of the core's methods takes which signal.

import type { Input } from "./host.js";
import type { Signal } from "./session.js";

/** The input that gives `signal` to the session known as `handle`. */
export function feedSignal(handle: number, signal: Signal): Input {
  return (core, { wall, mono }) => {
    switch (signal.kind) {
      case "playing":
        return core.playing(wall, mono, handle, signal.positionMs);
      case "position":
        return core.position(wall, mono, handle, signal.positionMs);
      case "paused":
        return core.paused(wall, mono, handle, signal.positionMs);
      case "stalled":
        return core.stalled(wall, mono, handle, signal.positionMs);
      case "seeked":
        return core.seeked(wall, mono, handle, signal.fromMs, signal.toMs);
      case "rate":
        return core.rate(wall, mono, handle, signal.rate);
      case "volume":
        return core.volume(wall, mono, handle, signal.volume, signal.muted);
      case "visible":
        return core.visible(wall, mono, handle, signal.visible);
      case "failed":
        return core.failed(wall, mono, handle, signal.code, signal.positionMs);
      case "ended":
        return core.ended(wall, mono, handle, signal.reason, signal.positionMs);
    }
  };
}
