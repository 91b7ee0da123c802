/** What the page holds open, by its identity on the desk. Nothing else of it is kept outside the desk. */
export type OpenWork = { compose: string | null; dispatch: string | null };

const key = "open-work";
const nothing: OpenWork = { compose: null, dispatch: null };

/** Remembers it for a page that is opened anew in the same window. */
export function rememberWork(storage: Storage, work: OpenWork): void {
  storage.setItem(key, JSON.stringify(work));
}

/** What the page held before it was opened anew. */
export function rememberedWork(storage: Storage): OpenWork {
  try {
    const found: unknown = JSON.parse(storage.getItem(key) ?? "null");
    if (typeof found !== "object" || found === null) return nothing;
    const id = (name: keyof OpenWork) => {
      const value: unknown = Object.getOwnPropertyDescriptor(found, name)?.value;
      return typeof value === "string" ? value : null;
    };
    return { compose: id("compose"), dispatch: id("dispatch") };
  } catch {
    return nothing;
  }
}
