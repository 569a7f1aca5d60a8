// The one output that there is at a time: opened anew where a track has another rate, with the volume and the device that
// were set.

import type { Command, Rendered } from "./messages.js";
import { hasDevices, Output } from "./output.js";

export class Outlet {
  output: Output | undefined;
  readonly #hear: (rendered: Rendered) => void;
  #opening: Promise<Output> | undefined;
  #device: string;
  #volume = 1;
  #muted = false;

  /** `hear` is told what the present output has sounded. */
  constructor(device: string, hear: (rendered: Rendered) => void) {
    this.#device = device;
    this.#hear = hear;
  }

  /** Frames per second; 1 before there is an output. */
  get rate(): number {
    return this.output?.connection.rate ?? 1;
  }

  get device(): string {
    return this.#device;
  }

  async setDevice(id: string): Promise<void> {
    if (!hasDevices()) throw new DOMException("this browser has no choice of devices", "NotSupportedError");
    await this.output?.setDevice(id);
    this.#device = id;
  }

  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    this.#volume = Math.max(0, Math.min(1, volume));
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
  }

  /** Makes the output as loud as was set. */
  applyVolume(): void {
    this.output?.volume(this.#muted ? 0 : this.#volume);
  }

  command(command: Command): void {
    this.output?.command(command);
  }

  /**
   * Opens an output in place of the one before. `undefined` where another was asked for meanwhile; rejects where the
   * browser gives none.
   */
  async open(rate: number): Promise<Output | undefined> {
    this.close();
    const opening: Promise<Output> = Output.open(rate, this.#device, (rendered) => {
      if (this.output && this.#opening === opening) this.#hear(rendered);
    });
    this.#opening = opening;
    const output = await opening;
    if (this.#opening !== opening) {
      output.close();
      return undefined;
    }
    this.output = output;
    return output;
  }

  /** Also gives up one that is being opened. */
  close(): void {
    this.#opening = undefined;
    this.output?.close();
    this.output = undefined;
  }
}
