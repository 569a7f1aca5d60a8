// Which track, and which place in it, each frame of the output is of.

/** From frame `at` of the output on, it is track `id` from `positionMs` on, at `speed`. */
export interface Mark {
  readonly at: number;
  readonly id: number;
  readonly positionMs: number;
  readonly speed: number;
}

export class Places {
  /** In the order of the output; the first is of what sounds. */
  #marks: Mark[] = [];

  /** The track that sounds. */
  get id(): number | undefined {
    return this.#marks[0]?.id;
  }

  clear(): void {
    this.#marks = [];
  }

  /** What comes next is somewhere else; `isAlone` where nothing before it is sounded any more. */
  add(mark: Mark, isAlone: boolean): void {
    if (isAlone) this.#marks = [mark];
    else this.#marks.push(mark);
  }

  knows(id: number): boolean {
    return this.#marks.some((mark) => mark.id === id);
  }

  /** The output has come to frame `at`; whether another track than before sounds now. */
  reach(at: number): boolean {
    while (this.#marks[1] && this.#marks[1].at <= at) {
      const before = this.#marks.shift();
      if (before?.id !== this.#marks[0]?.id) return true;
    }
    return false;
  }

  /** Whether sound of track `id` has come out. */
  isBeyond(id: number, at: number): boolean {
    return this.id === id && at > (this.#marks[0]?.at ?? 0);
  }

  /** Where track `id` is when the output is at frame `at`, in milliseconds. */
  of(id: number, at: number, rate: number): number {
    const [mark] = this.#marks;
    if (mark?.id !== id) return 0;
    return mark.positionMs + (Math.max(0, at - mark.at) / rate) * 1000 * mark.speed;
  }
}
