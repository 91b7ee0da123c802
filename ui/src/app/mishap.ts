/** Hears what went wrong in the page and was caught by nobody. Returns the way to stop. */
export function watchMishaps(page: Window, mishap: () => void): () => void {
  const failed = (event: ErrorEvent) => {
    // The browser says so when a list has to be measured twice; nothing is broken.
    if (!event.message.startsWith("ResizeObserver loop")) mishap();
  };
  page.addEventListener("error", failed);
  page.addEventListener("unhandledrejection", mishap);
  return () => {
    page.removeEventListener("error", failed);
    page.removeEventListener("unhandledrejection", mishap);
  };
}
