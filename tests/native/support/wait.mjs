/** Waiting on state: ask until it is so, and say what was missed when it never is. */

const PATIENCE_MS = Number(process.env.NATIVE_PATIENCE_MS ?? 30_000);
const BETWEEN_MS = 100;

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The first answer that is neither `false`, `null` nor `undefined`. */
export async function until(what, ask, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  let failure;
  do {
    try {
      const answer = await ask();
      if (answer !== false && answer !== null && answer !== undefined) return answer;
      failure = undefined;
    } catch (cause) {
      failure = cause;
    }
    await pause(BETWEEN_MS);
  } while (Date.now() < end);
  throw new Error(`waited in vain: ${what}`, { cause: failure });
}
