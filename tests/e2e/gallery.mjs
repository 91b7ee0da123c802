// Pictures of every screen in the forms in which people have it: light, dark, a small window, 200 % zoom. Where nobody
// asks for new ones, each is compared with the one that is kept.
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { inTime } from "./browser.mjs";
import { inKnownFont, Pictures, steady } from "./pictures.mjs";

/** Where new pictures go. */
const wanted = process.env.GALLERY_DIR;

const screens = {
  folder: "docs/gallery",
  wanted,
  // What a letter looks like does not count, where it stands does.
  smaller: 4,
  // Times, numbers and names that every run has of its own.
  shareMax: 0.02,
};

/** Days that go with the calendar, with one in their place that is as long as any. */
const days = [[String.raw`\d{4}/\d{1,2}/\d{1,2}(?=\(.\))`, "2026/11/29"]];

const large = { width: 1280, height: 860 };
/** Each form with the ending of its pictures and how the window is then. */
const forms = [
  { ending: "", title: "標準", viewport: large },
  { ending: "-dark", title: "暗い画面", viewport: large, colorScheme: "dark" },
  { ending: "-1024x700", title: "1024×700", viewport: { width: 1024, height: 700 } },
  // Zoom halves what the page has in its own pixels and doubles each of them.
  { ending: "-200", title: "200％", viewport: { width: 640, height: 430 }, scale: 2 },
];

/** Takes the pictures and remembers them for the list. */
export class Gallery {
  #shown = [];
  #pictures = new Pictures(screens);

  /**
   * Shows the screen that a person is at in every form: each must hold what every screen must hold. `also` says what else
   * goes with the calendar, as pairs of a pattern and what takes its place.
   */
  async show(person, name, title, also = []) {
    const { page } = person;
    const session = await page.context().newCDPSession(page);
    await inKnownFont(page);
    for (const { ending, viewport, colorScheme = "light", scale = 1 } of forms) {
      await page.setViewportSize(viewport);
      if (scale !== 1) {
        await session.send("Emulation.setDeviceMetricsOverride", {
          ...viewport,
          deviceScaleFactor: scale,
          mobile: false,
        });
      }
      await page.emulateMedia({ colorScheme });
      await page.evaluate(() => document.scrollingElement.scrollTo(0, 0));
      await person.look(`gallery-${name}${ending}`);
      await page.evaluate(steady, { within: "body", pairs: [...days, ...also] });
      const data = await this.#capture(session, `${name}${ending}`);
      await this.#pictures.keepOrCompare(page.context().browser(), `${name}${ending}.webp`, data);
      if (scale !== 1) await session.send("Emulation.clearDeviceMetricsOverride");
    }
    await session.detach();
    await page.setViewportSize(large);
    await page.emulateMedia({ colorScheme: "light" });
    this.#shown.push({ name, title });
  }

  /** Writes the list of what was shown beside the pictures. */
  async writeList() {
    if (!wanted) return;
    const lines = [
      "# 画面の一覧",
      "",
      "`cargo xtask gallery` が本物の画面とサーバーから作ります。事業所と人の名前は架空のものです。",
      "",
    ];
    for (const { name, title } of this.#shown) {
      const cells = forms.map((form) => `![${title}（${form.title}）](${name}${form.ending}.webp)`);
      lines.push(
        `## ${title}`,
        "",
        `| ${forms.map((form) => form.title).join(" | ")} |`,
        `|${" --- |".repeat(forms.length)}`,
        `| ${cells.join(" | ")} |`,
        "",
      );
    }
    lines.push("## 本物のウィンドウ", "", "");
    await writeFile(path.join(wanted, "README.md"), lines.join("\n"));
  }

  /** A picture of the page. Chromium is asked once more where it gives none: it waits for a frame, and one may not come. */
  async #capture(session, name) {
    const ask = () =>
      inTime(`${name}: picture`, session.send("Page.captureScreenshot", { format: "webp", quality: 80 }));
    const { data } = await ask().catch(ask);
    return data;
  }
}
