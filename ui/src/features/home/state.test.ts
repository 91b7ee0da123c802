import { expect, it } from "vitest";

import { TestDesk } from "../../test-desk";
import { Home } from "./state.svelte";

const expiry = { until: "2027-03-31T14:59:59Z", days_left: 128, warns: false };

function home(desk: TestDesk): Promise<Home> {
  desk.on("home", () => ({
    news: [{ id: 7, published_at: "2026-11-20T00:00:00Z", title: "t", body: "b", unread: true }],
    licence: expiry,
    certificate: expiry,
    renewal: { due: false, renewed_at: null, problem: null },
    new_terminals: [],
    figures: { waiting: 0, ending: 0, drafts: 0, not_downloaded: 0, unsent: 0 },
    online: true,
  }));
  const made = new Home(desk);
  return made.load().then(() => made);
}

it("marks a piece of news as read once", async () => {
  const desk = new TestDesk().on("read_news", () => null);
  const made = await home(desk);
  const news = made.view?.news[0];
  if (!news) throw new Error("no news");
  await made.read(news);
  await made.read(news);
  expect(news.unread).toBe(false);
  expect(desk.asked.filter(({ name }) => name === "read_news")).toEqual([
    { name: "read_news", request: { id: 7 } },
  ]);
});

it("leaves it unread where the desk could not keep it, and says so", async () => {
  const desk = new TestDesk().refuses("read_news", "profile_unusable");
  const made = await home(desk);
  const news = made.view?.news[0];
  if (!news) throw new Error("no news");
  await made.read(news);
  expect(news.unread).toBe(true);
  expect(made.problem?.code).toBe("profile_unusable");
});

it("renews the certificate once, however often it is pressed, and says why where it failed", async () => {
  const desk = new TestDesk().on("renew_certificate", () => expiry);
  const made = await home(desk);
  await Promise.all([made.renewCertificate(), made.renewCertificate()]);
  expect(desk.asked.filter(({ name }) => name === "renew_certificate")).toHaveLength(1);
  expect(made.view?.renewal.problem).toBeNull();

  const away = new TestDesk().refuses("renew_certificate", "server_unreachable");
  const left = await home(away);
  await left.renewCertificate();
  expect(left.view?.renewal.problem?.code).toBe("server_unreachable");
  expect(left.renewing).toBe(false);
});
