/** Minutes without a key or a click after which the window locks (D13; care_model::limits). */
export const idleLockMinutes = 15;

/** Calls `lock` once nobody has touched the page for the given time; any touch starts the time anew. */
export function watchIdle(page: EventTarget, milliseconds: number, lock: () => void): () => void {
  let timer = setTimeout(lock, milliseconds);
  const touched = () => {
    clearTimeout(timer);
    timer = setTimeout(lock, milliseconds);
  };
  const kinds = ["pointerdown", "pointermove", "keydown", "wheel"];
  for (const kind of kinds) page.addEventListener(kind, touched, { passive: true });
  return () => {
    clearTimeout(timer);
    for (const kind of kinds) page.removeEventListener(kind, touched);
  };
}
