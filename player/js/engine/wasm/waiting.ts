// Who waits for sound.

export class Waiting {
  #waiting: { resolve: () => void; reject: (reason: DOMException) => void }[] = [];

  /** Resolves with the next sound. */
  sound(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  resolve(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** There will be none: `name` is that of a DOMException. */
  reject(name: string, message: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new DOMException(message, name));
  }
}
