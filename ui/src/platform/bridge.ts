import type { CommandError, DeskEvent } from "../ipc/bindings";
import { Refusal, type Platform } from "./types";

/** How long to wait before the event stream is opened again. */
const REOPEN_MS = 500;

const lost: CommandError = { code: "internal", params: {}, reference: null };

/** The test bridge: commands are posts, hints are a stream of server-sent events; both carry the one-time token. */
export function bridgePlatform(token: string, base = ""): Platform {
  const headers = { Authorization: `Bearer ${token}` };
  return {
    async call(name, request) {
      let answer: Response;
      try {
        answer = await fetch(`${base}/ipc/${name}`, {
          method: "POST",
          headers: { ...headers, "Content-Type": "application/json" },
          body: JSON.stringify(request),
        });
      } catch {
        throw new Refusal(lost);
      }
      if (answer.ok) return (await answer.json()) as never;
      throw new Refusal(answer.status === 422 ? ((await answer.json()) as CommandError) : lost);
    },
    print: async () => window.print(),
    listen(handler) {
      const stop = new AbortController();
      void readEvents(`${base}/events`, headers, stop.signal, handler);
      return () => stop.abort();
    },
  };
}

/** Reads the stream, and opens it again when it ends: `EventSource` cannot carry the token. */
async function readEvents(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
  handler: (event: DeskEvent) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const answer = await fetch(url, { headers, signal });
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      while (answer.ok && reader) {
        const { done, value } = await reader.read();
        if (done) break;
        const blocks = (text + value.replaceAll("\r", "")).split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) {
          const data = block
            .split("\n")
            .filter((line) => line.startsWith("data:"))
            .map((line) => line.slice(5).trimStart())
            .join("\n");
          if (data) handler(JSON.parse(data) as DeskEvent);
        }
      }
    } catch {
      // The bridge went away, or the page is closing; the loop decides.
    }
    await new Promise((resume) => setTimeout(resume, REOPEN_MS));
  }
}
