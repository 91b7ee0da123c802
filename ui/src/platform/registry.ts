import { bridgePlatform } from "./bridge";
import { tauriPlatform } from "./tauri";
import type { Platform } from "./types";

/** Picks what the page runs in: the window, or the bridge whose token stands in the address. */
export function openPlatform(page: Window): Platform | null {
  if ("__TAURI_INTERNALS__" in page) return tauriPlatform();
  const token = page.location.hash.slice(1) || page.sessionStorage.getItem("bridge-token");
  if (!token) return null;
  // The token leaves the address bar at once, and survives a reload of this one tab.
  page.sessionStorage.setItem("bridge-token", token);
  page.history.replaceState(null, "", page.location.pathname);
  return bridgePlatform(token);
}
