// Which of the core's methods takes which signal.

import type { Input } from "./host.js";
import type { Signal } from "./session.js";

/** The input that gives `signal` to the session known as `handle`. */
export function feedSignal(handle: number, signal: Signal): Input {
  return (core, { wall, mono }) => {
    switch (signal.kind) {
      case "playing":
        core.playing(wall, mono, handle, signal.positionMs);
        break;
      case "position":
        core.position(wall, mono, handle, signal.positionMs);
        break;
      case "paused":
        core.paused(wall, mono, handle, signal.positionMs);
        break;
      case "stalled":
        core.stalled(wall, mono, handle, signal.positionMs);
        break;
      case "seeked":
        core.seeked(wall, mono, handle, signal.fromMs, signal.toMs);
        break;
      case "rate":
        core.rate(wall, mono, handle, signal.rate);
        break;
      case "volume":
        core.volume(wall, mono, handle, signal.volume, signal.muted);
        break;
      case "visible":
        core.visible(wall, mono, handle, signal.visible);
        break;
      case "failed":
        core.failed(wall, mono, handle, signal.code, signal.positionMs);
        break;
      case "ended":
        core.ended(wall, mono, handle, signal.reason, signal.positionMs);
        break;
    }
  };
}
