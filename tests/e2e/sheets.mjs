// What the page gives to the printer, sheet by sheet: each is made a PDF and compared as a picture with the one that is
// kept beside this file.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { inTime } from "./browser.mjs";
import { inKnownFont, Pictures, steady } from "./pictures.mjs";

const run = promisify(execFile);

/** Where new pictures go. */
const wanted = process.env.SHEETS_DIR;

const sheets = {
  folder: "tests/e2e/sheets",
  wanted,
  // At half the size another digit still shows, and how the edges of letters are smoothed does not.
  smaller: 2,
  // Less than another digit. What every run has of its own is made the same before.
  shareMax: 0.00001,
};

/** Dots in an inch: letters can be read. */
const RESOLUTION = 100;
/** An upright A4 sheet in dots, and how far a picture may be away from it. */
const A4 = [827, 1169];
const DOTS = 1;

/** What every run has of its own, with what stands in its place: as long, so that columns keep their widths. */
const own = [
  [String.raw`\d{4}/\d{1,2}/\d{1,2}\(.\)\s\d{2}:\d{2}`, "2026/12/01(火) 09:00"],
  [String.raw`[0-9a-f]{64}`, "0123456789abcdef".repeat(4)],
];

/** Prints, keeps and compares. */
export class Sheets {
  #pictures = new Pictures(sheets);
  #names = [];

  /**
   * What `print` gives to the printer, compared page by page. `also` says what else every run has of its own, as pairs of
   * a pattern and what takes its place.
   */
  async show(person, name, print, also = []) {
    const { page } = person;
    const browser = page.context().browser();
    await inKnownFont(page);
    await page.evaluate(() => {
      delete document.body.dataset.printed;
      // The browser would show its dialog: what it would print stays until it was looked at.
      globalThis.print = () => (document.body.dataset.printed = "yes");
    });
    await print();
    await page.waitForFunction(() => document.body.dataset.printed === "yes");
    await page.evaluate(steady, { within: ".print-sheet, .print-forms", pairs: [...own, ...also] });
    const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
    await page.evaluate(() => globalThis.dispatchEvent(new globalThis.Event("afterprint")));
    await page.locator(".print-sheet, .print-forms").waitFor({ state: "detached" });
    const pages = await pagesOf(pdf);
    const beside = await this.#pictures.beside(browser);
    for (const [place, png] of pages.entries()) {
      const file = `${name}-${place + 1}.webp`;
      const picture = await inTime(`${file}: picture`, beside.evaluate(grey, png));
      this.#mustBeSheet(file, picture);
      await this.#pictures.keepOrCompare(browser, file, picture.data);
      this.#names.push(file);
    }
    if (wanted) return;
    const kept = (await this.#pictures.kept()).filter((file) => /^(.*)-\d+\.webp$/.exec(file)?.[1] === name);
    assert.equal(
      pages.length,
      kept.length,
      `${name}: pages. If there should be so many: cargo xtask gallery`,
    );
  }

  /** Nothing is kept that nothing prints any more. */
  async mustBeAll() {
    if (wanted) return;
    assert.deepEqual((await this.#pictures.kept()).sort(), this.#names.sort());
  }

  #mustBeSheet(file, { size, ink }) {
    const upright = [...size].sort((one, other) => one - other);
    const isA4 = upright.every((dots, side) => Math.abs(dots - A4[side]) <= DOTS);
    assert.ok(isA4, `${file}: ${size.join(" x ")} dots are no A4 sheet`);
    assert.ok(ink > 0, `${file} is blank`);
  }
}

/** The pages of a PDF as PNG pictures, in base64. */
async function pagesOf(pdf) {
  const folder = await mkdtemp(path.join(tmpdir(), "careplan-sheets-"));
  try {
    const file = path.join(folder, "sheets.pdf");
    await writeFile(file, pdf);
    await run("pdftoppm", ["-png", "-gray", "-r", String(RESOLUTION), file, path.join(folder, "page")]);
    const names = (await readdir(folder)).filter((name) => name.endsWith(".png")).sort();
    return await Promise.all(names.map((name) => readFile(path.join(folder, name), "base64")));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A picture in sixteen greys as WebP without loss, how large it is, and how many dots are not white. Runs in a page. */
async function grey(png) {
  const STEP = 17;
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
  const drawing = canvas.getContext("2d");
  drawing.drawImage(picture, 0, 0);
  const dots = drawing.getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let at = 0; at < dots.data.length; at += 4) {
    const shade = Math.round(dots.data[at] / STEP) * STEP;
    dots.data.fill(shade, at, at + 3);
    if (shade < 255) ink += 1;
  }
  drawing.putImageData(dots, 0, 0);
  // At full quality Chromium leaves nothing out.
  const data = canvas.toDataURL("image/webp", 1).split(",")[1];
  return { data, size: [canvas.width, canvas.height], ink };
}
