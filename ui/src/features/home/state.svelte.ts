import type { CommandError, DeskEvent, HomeView, NewsRow } from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";

/** トップページ. */
export class Home {
  view = $state<HomeView | null>(null);
  problem = $state<CommandError | null>(null);

  constructor(private readonly desk: Desk) {}

  /** Asks the desk for it. */
  async load(): Promise<void> {
    try {
      this.view = await this.desk.call("home", null);
      this.problem = null;
    } catch (cause) {
      this.problem = problemOf(cause);
    }
  }

  /** Somebody opened a piece of news: it is marked as read on this PC. */
  async read(news: NewsRow): Promise<void> {
    if (!news.unread) return;
    news.unread = false;
    try {
      await this.desk.call("read_news", { id: news.id });
    } catch (cause) {
      news.unread = true;
      this.problem = problemOf(cause);
    }
  }

  /** A hint from the desk: every list has its figure here. */
  hinted(event: DeskEvent): void {
    const kinds = ["inbox_changed", "outbox_changed", "drafts_changed", "online"];
    if (kinds.includes(event.event)) void this.load();
  }
}
