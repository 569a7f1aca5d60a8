// Two tracks at once, and one louder or quieter.

export type Stereo = readonly [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];

export function stereo(frames: number): Stereo {
  return [new Float32Array(frames), new Float32Array(frames)];
}

/** Makes `planes` louder or quieter. */
export function scale(planes: readonly Float32Array[], gain: number): void {
  if (gain === 1) return;
  for (const plane of planes) {
    for (let frame = 0; frame < plane.length; frame += 1) plane[frame] = (plane[frame] ?? 0) * gain;
  }
}

/** Puts `into` over `out`: one grows quieter as the other grows louder, their power together staying the same. */
export function fade(out: Stereo, into: Stereo): void {
  for (const channel of [0, 1] as const) {
    const [from, to] = [out[channel], into[channel]];
    for (let frame = 0; frame < from.length; frame += 1) {
      const angle = ((frame + 0.5) / from.length) * (Math.PI / 2);
      from[frame] = (from[frame] ?? 0) * Math.cos(angle) + (to[frame] ?? 0) * Math.sin(angle);
    }
  }
}
