const key = "mascot-hidden";

/** Whether the mascot is shown. A wish of the person at this terminal, so it stays in the page's own storage. */
class MascotSettings {
  shown = $state(localStorage.getItem(key) === null);

  /** Hides it everywhere. */
  hide(): void {
    this.shown = false;
    localStorage.setItem(key, "1");
  }

  /** Shows it again. */
  show(): void {
    this.shown = true;
    localStorage.removeItem(key);
  }
}

/** The one instance. */
export const mascotSettings = new MascotSettings();
