import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { DeskEvent } from "../ipc/bindings";
import { refusal, type Platform } from "./types";

/** The window: commands are Tauri commands, hints are the window event `desk-event`. */
export function tauriPlatform(): Platform {
  const call: Platform["call"] = (name, request) =>
    invoke<never>(name, { request }).catch((cause: unknown) => {
      throw refusal(cause);
    });
  return {
    call,
    // The page's own `print` does nothing on some systems.
    print: async () => void (await call("print_page", null)),
    listen(handler) {
      const stop = listen<DeskEvent>("desk-event", (event) => handler(event.payload));
      return () => void stop.then((off) => off());
    },
  };
}
