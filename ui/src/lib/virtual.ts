/** Where the rows of a long list lie while only those in view are drawn. Pure. */

/** No element is made higher than this: engines cut off what is higher than some 17 to 33 million pixels. */
export const HEIGHT_MAX = 12_000_000;

/** Rows drawn above and below those in view, so that the next ones are there before they are seen. */
export const ROWS_BEYOND = 4;

/** A list of rows of one height in a box. */
export type Measures = {
  readonly count: number;
  readonly rowHeight: number;
  /** The height in which rows are seen. */
  readonly viewport: number;
};

/** How high the list pretends to be, and how many of its own pixels one scrolled pixel moves it. */
export type Extent = { readonly height: number; readonly scale: number };

/** A list that would be too high is squeezed: its scroll bar still leads to every row. */
export function extentOf({ count, rowHeight, viewport }: Measures): Extent {
  const whole = count * rowHeight;
  if (whole <= HEIGHT_MAX) return { height: whole, scale: 1 };
  return { height: HEIGHT_MAX, scale: (whole - viewport) / (HEIGHT_MAX - viewport) };
}

/** The first row to draw and the one behind the last. */
export function rowsInView(measures: Measures, scrolled: number): { first: number; end: number } {
  const { count, rowHeight, viewport } = measures;
  if (count === 0 || rowHeight <= 0) return { first: 0, end: 0 };
  const top = Math.max(0, scrolled * extentOf(measures).scale);
  const first = Math.max(0, Math.floor(top / rowHeight) - ROWS_BEYOND);
  const end = Math.min(count, Math.ceil((top + viewport) / rowHeight) + ROWS_BEYOND);
  return { first: Math.min(first, end), end };
}

/** No more rows than this are drawn at once, wherever the list stands. */
export function mostRowsDrawn({ rowHeight, viewport }: Measures): number {
  return rowHeight <= 0 ? 1 : Math.ceil(viewport / rowHeight) + 1 + 2 * ROWS_BEYOND;
}

/** How far to scroll so that a row is wholly in view; as far as now where it is. */
export function scrollFor(measures: Measures, scrolled: number, row: number): number {
  const { rowHeight, viewport } = measures;
  const { scale } = extentOf(measures);
  const top = scrolled * scale;
  const above = row * rowHeight;
  const below = above + rowHeight - viewport;
  if (above < top) return above / scale;
  return below > top ? below / scale : scrolled;
}
