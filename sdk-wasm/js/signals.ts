// Checks what a host says of its player, before it reaches the core.

import type { Input } from "./inputs.js";
import { readTrack } from "./options.js";

/** The input as the core takes it, or how the call that cannot be used should look. */
export function readInput(input: Input): Input | string {
  switch (input[0]) {
    case "open_session": {
      const [name, handle, id, track, ...rest] = input;
      const read = readTrack(JSON.parse(track));
      return typeof read === "string" ? read : [name, handle, id, JSON.stringify(read), ...rest];
    }
    case "playing":
    case "position":
    case "paused":
    case "stalled": {
      const at = milliseconds(input[2]);
      return at === undefined ? `${input[0]}(positionMs)` : [input[0], input[1], at];
    }
    case "seeked": {
      const [from, to] = [milliseconds(input[2]), milliseconds(input[3])];
      return from === undefined || to === undefined ? "seeked(fromMs, toMs)" : ["seeked", input[1], from, to];
    }
    case "rate":
      return within(input[2], 16) ? input : "rate(rate), from 0 to 16";
    case "volume":
      return within(input[2], 1)
        ? ["volume", input[1], input[2], Boolean(input[3])]
        : "volume(volume, muted), from 0 to 1";
    case "visible":
      return ["visible", input[1], Boolean(input[2])];
    case "failed": {
      const at = milliseconds(input[3]);
      const [, handle, code] = input;
      if (at === undefined || typeof code !== "string" || code === "") return "failed(code, positionMs)";
      return ["failed", handle, code, at];
    }
    case "ended": {
      const at = milliseconds(input[3]);
      return at === undefined ? "ended(reason, positionMs)" : ["ended", input[1], input[2], at];
    }
    default:
      return input;
  }
}

function within(value: unknown, most: number): boolean {
  return typeof value === "number" && value >= 0 && value <= most;
}

function milliseconds(value: unknown): number | undefined {
  return within(value, Number.MAX_SAFE_INTEGER) ? Math.round(value as number) : undefined;
}
