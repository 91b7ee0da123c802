/** Reading that is asked for while it runs runs once more: whoever asks gets what is true after they asked. */
export class OnceMore {
  #running: Promise<void> | null = null;
  #again = false;

  constructor(private readonly read: () => Promise<void>) {}

  /** Ends when a reading that began after this call has ended. */
  ask(): Promise<void> {
    if (this.#running) this.#again = true;
    else this.#running = this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.read();
      } while (this.#again);
    } finally {
      // At once, not a turn later: a call in between would be lost.
      this.#running = null;
    }
  }
}
