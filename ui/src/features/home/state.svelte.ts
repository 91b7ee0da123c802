import type { CommandError, DeskEvent, HomeView, NewsRow } from "../../ipc/bindings";
import { problemOf, type Desk } from "../../ipc/call";

/** トップページ. */
export class Home {
  view = $state<HomeView | null>(null);
  problem = $state<CommandError | null>(null);

  /** Whether the certificate is being renewed by hand. */
  renewing = $state(false);

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

  /** 証明書を更新する. */
  async renewCertificate(): Promise<void> {
    if (this.renewing) return;
    this.renewing = true;
    try {
      await this.desk.call("renew_certificate", null);
      await this.load();
    } catch (cause) {
      if (this.view) this.view.renewal.problem = problemOf(cause);
    } finally {
      this.renewing = false;
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
    const kinds = ["inbox_changed", "outbox_changed", "drafts_changed", "certificate_changed", "online"];
    if (kinds.includes(event.event)) void this.load();
  }
}
