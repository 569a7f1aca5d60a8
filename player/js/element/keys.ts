// What keys do anywhere on the player, where the thing that has the focus does not use them itself.

import type { Player } from "../player.js";

const SEEK_STEP_MS = 5_000;
const VOLUME_STEP = 0.05;

/** Does what a key is for; whether it was for anything. */
export function press(player: Player, event: KeyboardEvent, isRightToLeft: boolean): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  // A button is pressed by its own space bar, and what is written into is written into.
  const [target] = event.composedPath();
  if (target instanceof HTMLButtonElement && event.key === " ") return false;
  if (target instanceof HTMLElement && target.matches("input:not([type=range]), textarea, select, [contenteditable]"))
    return false;
  const forward = isRightToLeft ? -SEEK_STEP_MS : SEEK_STEP_MS;
  const volume = (by: number) => {
    player.volume = Math.round(Math.max(0, Math.min(1, player.volume + by)) * 100) / 100;
  };
  const actions: Record<string, () => void> = {
    " ": () => void player.toggle(),
    k: () => void player.toggle(),
    m: () => {
      player.muted = !player.muted;
    },
    ArrowRight: () => player.seek(player.positionMs + forward),
    ArrowLeft: () => player.seek(player.positionMs - forward),
    ArrowUp: () => volume(VOLUME_STEP),
    ArrowDown: () => volume(-VOLUME_STEP),
    Home: () => player.seek(0),
    End: () => player.seek(player.durationMs ?? 0),
  };
  const action = actions[event.key];
  action?.();
  return action !== undefined;
}
