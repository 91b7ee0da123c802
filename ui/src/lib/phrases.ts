/** Where a line of Japanese may break without tearing a word, for engines that know no phrases by themselves. */

const segmenter =
  typeof Intl.Segmenter === "function" ? new Intl.Segmenter("ja", { granularity: "word" }) : null;

/** What never begins a line: kana that belong to the word before, and marks that close. */
const clings = /^[\p{Script=Hiragana}ー、。・，．！？」』）〉》】\])!?.,:：\s]/u;
/** What a phrase ends with: a particle or an ending of its own, or a mark; 受け of 受け取る is none. */
const ends = /^[\p{Script=Hiragana}、。・！？」』）】\s]+$/u;

/** `相手がまだ受け取っていない送信` as `相手がまだ`, `受け取っていない`, `送信`; joined they are the text. */
export function phrases(text: string): string[] {
  if (!segmenter) return [text];
  const found: string[] = [];
  let before = "";
  for (const { segment } of segmenter.segment(text)) {
    const last = found.at(-1);
    if (last === undefined || (ends.test(before) && !clings.test(segment))) found.push(segment);
    else found[found.length - 1] = last + segment;
    before = segment;
  }
  return found;
}

/** A long name in pieces that may stand on lines of their own: after each underscore. */
export function nameParts(name: string): string[] {
  return name.split(/(?<=_)/u);
}
