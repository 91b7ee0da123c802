// Pictures of every screen in the forms in which people have it: light, dark, a small window, 200 % zoom. Where nobody
// asks for new ones, each is compared with the one that is kept.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { inTime } from "./browser.mjs";
import { output, root } from "./world.mjs";

/** Where new pictures go; without it those that are kept are compared. */
const wanted = process.env.GALLERY_DIR;
const kept = path.join(root, "docs/gallery");

/** Every machine that compares has this one. */
const FONT = '"Noto Sans CJK JP"';
/** Pictures are compared at a fourth of their size: what a letter looks like does not count, where it stands does. */
const SMALLER = 4;
/** How far a colour, of 255, may be away before it counts as another. */
const COLOUR_STEPS = 40;
/** How much of a picture may look different: times, numbers and names that every run has of its own. */
const SHARE_MAX = 0.02;

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
  #beside;

  /** Shows the screen that a person is at in every form: each must hold what every screen must hold. */
  async show(person, name, title) {
    const { page } = person;
    const session = await page.context().newCDPSession(page);
    await page.evaluate((font) => document.documentElement.style.setProperty("--font", font), FONT);
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
      const data = await this.#capture(session, `${name}${ending}`);
      await this.#keepOrCompare(page.context().browser(), `${name}${ending}.webp`, data);
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

  async #keepOrCompare(browser, file, data) {
    if (wanted) {
      await mkdir(wanted, { recursive: true });
      await writeFile(path.join(wanted, file), Buffer.from(data, "base64"));
      return;
    }
    const before = await readFile(path.join(kept, file), "base64");
    this.#beside ??= await (await browser.newContext()).newPage();
    const compare = this.#beside.evaluate(difference, { before, now: data, SMALLER, COLOUR_STEPS });
    const share = await inTime(`${file}: comparison`, compare);
    if (share > SHARE_MAX) await writeFile(path.join(output, file), Buffer.from(data, "base64"));
    assert.ok(
      share <= SHARE_MAX,
      `${file}: ${(share * 100).toFixed(1)} % look different from docs/gallery; it is in tests/e2e/output now. ` +
        "If it should look so: cargo xtask gallery",
    );
  }
}

/** How much of two pictures looks different, from 0 to 1. Runs in a page of its own, which can decode them. */
async function difference({ before, now, SMALLER, COLOUR_STEPS }) {
  const pixels = async (data) => {
    const picture = new Image();
    picture.src = `data:image/webp;base64,${data}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth / SMALLER;
    canvas.height = picture.naturalHeight / SMALLER;
    const drawing = canvas.getContext("2d");
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return drawing.getImageData(0, 0, canvas.width, canvas.height).data;
  };
  const [one, other] = [await pixels(before), await pixels(now)];
  if (one.length !== other.length) return 1;
  let different = 0;
  for (let at = 0; at < one.length; at += 4) {
    const apart = [0, 1, 2].some(
      (channel) => Math.abs(one[at + channel] - other[at + channel]) > COLOUR_STEPS,
    );
    if (apart) different += 1;
  }
  return (different * 4) / one.length;
}
