/**
 * `scroll_window`: 受信一覧 scrolled in the true window. Its frames come with the screen's beat, so that a smooth list takes
 * the 16.7 ms of that beat and no list takes less; what a frame costs by itself is measured in Chromium (`scroll_100k`).
 */

/** By the wheel, by a fast wheel, and as fast as a scroll bar is drawn, there and back: pixels for each frame. */
const SPEEDS = [60, 240, 5_000, -2_000];
/** Frames of each speed. They last less than a script of the driver may. */
const FRAMES = 240;

const SCRIPT = `
  const [pixels, frames, done] = arguments;
  const list = document.querySelector("[role=grid]");
  const times = [];
  let rows = 0;
  let last = null;
  const step = (at) => {
    if (last !== null) times.push(at - last);
    last = at;
    rows = Math.max(rows, document.querySelectorAll("[aria-rowindex]").length - 1);
    list.scrollTop += pixels;
    if (times.length < frames) requestAnimationFrame(step);
    else done({ times, rows });
  };
  requestAnimationFrame(step);`;

/** How long each frame took in milliseconds, and the most rows that the page held at once. */
export async function scrollThrough(page) {
  const times = [];
  let rows = 0;
  for (const pixels of SPEEDS) {
    const run = await page.runLong(SCRIPT, pixels, FRAMES);
    times.push(...run.times);
    rows = Math.max(rows, run.rows);
  }
  return { times, rows };
}
