import type { LookHandle } from "../components/look";
import type { CommandError, LookView } from "../ipc/bindings";
import { problemOf, type Desk } from "../ipc/call";

const darkSystem = "(prefers-color-scheme: dark)";

/** How the window looks: known before anybody signs in, changed at once, kept by the desk. */
export class Look implements LookHandle {
  view = $state.raw<LookView>({ text_size: "standard", theme: "system", mascot_hidden: false });
  /** Why the last change could not be kept; it holds until the window is closed. */
  problem = $state.raw<CommandError | null>(null);

  #changes = 0;

  constructor(private readonly desk: Desk) {}

  /** Takes what the desk says, unless a person has changed it since. */
  take(view: LookView): void {
    if (this.#changes === 0 && !this.problem) this.view = view;
  }

  /** Changes a part of it: on the screen first, then at the desk. */
  change(part: Partial<LookView>): void {
    this.view = { ...this.view, ...part };
    void this.#keep(this.view);
  }

  async #keep(view: LookView): Promise<void> {
    this.#changes += 1;
    try {
      await this.desk.call("change_look", view);
      this.problem = null;
    } catch (cause) {
      this.problem = problemOf(cause);
    } finally {
      this.#changes -= 1;
    }
  }
}

/** Puts the look on the page, and follows the system's colours where it says so. Returns the way to stop. */
export function dressPage(page: Window, view: LookView): () => void {
  const root = page.document.documentElement;
  root.dataset["textSize"] = view.text_size;
  const system = page.matchMedia(darkSystem);
  const dress = () => {
    root.dataset["theme"] = view.theme === "system" ? (system.matches ? "dark" : "light") : view.theme;
  };
  dress();
  system.addEventListener("change", dress);
  return () => system.removeEventListener("change", dress);
}
