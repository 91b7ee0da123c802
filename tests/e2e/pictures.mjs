// Pictures that are kept in the repository: each that is taken is compared with the kept one, or takes its place.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { inTime } from "./browser.mjs";
import { output, root } from "./world.mjs";

/** Every machine that compares has this one. */
const FONT = '"Noto Sans CJK JP"';
/** How far a colour, of 255, may be away before it counts as another. */
const COLOUR_STEPS = 40;

/** Lets a page be written in the font that every machine has. */
export function inKnownFont(page) {
  return page.evaluate((font) => document.documentElement.style.setProperty("--font", font), FONT);
}

/**
 * Puts the same words into every run: pairs of a pattern and of what takes its place, which is as long, so that nothing
 * moves. Within whatever a selector names. Runs in a page.
 */
export function steady({ within, pairs }) {
  for (const shown of document.querySelectorAll(within)) {
    const texts = document.createTreeWalker(shown, globalThis.NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { currentNode: text } = texts;
      const said = pairs.reduce(
        (words, [pattern, same]) => words.replace(new RegExp(pattern, "g"), same),
        text.data,
      );
      if (said !== text.data) text.data = said;
    }
  }
}

/** The pictures of one folder. */
export class Pictures {
  #folder;
  #wanted;
  #smaller;
  #shareMax;
  #beside;

  /**
   * `folder` of the repository has them. `wanted` is where new ones go; without it those that are kept are compared, at
   * the `smaller`th part of their size, and `shareMax` of a picture may look different.
   */
  constructor({ folder, wanted, smaller, shareMax }) {
    this.#folder = folder;
    this.#wanted = wanted;
    this.#smaller = smaller;
    this.#shareMax = shareMax;
  }

  /** Writes a WebP picture, given in base64, where new ones are wanted; otherwise it must look like the kept one. */
  async keepOrCompare(browser, file, data) {
    if (this.#wanted) {
      await mkdir(this.#wanted, { recursive: true });
      await writeFile(path.join(this.#wanted, file), Buffer.from(data, "base64"));
      return;
    }
    const before = await readFile(path.join(root, this.#folder, file), "base64").catch(() => null);
    const share = before === null ? 1 : await this.#difference(browser, file, before, data);
    if (share > this.#shareMax) {
      await mkdir(output, { recursive: true });
      await writeFile(path.join(output, file), Buffer.from(data, "base64"));
    }
    assert.ok(
      share <= this.#shareMax,
      `${file}: ${(share * 100).toFixed(4)} % look different from ${this.#folder}; it is in tests/e2e/output now. ` +
        "If it should look so: cargo xtask gallery",
    );
  }

  /** The names of those that are kept. */
  kept() {
    return readdir(path.join(root, this.#folder));
  }

  /** A page of its own, which can read and write pictures. */
  async beside(browser) {
    this.#beside ??= await (await browser.newContext()).newPage();
    return this.#beside;
  }

  async #difference(browser, file, before, now) {
    const page = await this.beside(browser);
    const compare = page.evaluate(difference, { before, now, SMALLER: this.#smaller, COLOUR_STEPS });
    return inTime(`${file}: comparison`, compare);
  }
}

/** How much of two pictures looks different, from 0 to 1. Runs in a page, which can decode them. */
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
    return {
      size: [canvas.width, canvas.height].join(),
      data: drawing.getImageData(0, 0, canvas.width, canvas.height).data,
    };
  };
  const [one, other] = [await pixels(before), await pixels(now)];
  if (one.size !== other.size) return 1;
  let different = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    const apart = [0, 1, 2].some(
      (channel) => Math.abs(one.data[at + channel] - other.data[at + channel]) > COLOUR_STEPS,
    );
    if (apart) different += 1;
  }
  return (different * 4) / one.data.length;
}
