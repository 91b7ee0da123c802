/** Makes texts comparable: width, case, spaces and kana do not matter when somebody looks for an office. */
export function searchable(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\s+/gu, "")
    .replace(/[ぁ-ゖ]/gu, (kana) => String.fromCharCode(kana.charCodeAt(0) + 0x60));
}

/** Whether all words of the query stand somewhere in the texts. */
export function matches(query: string, texts: readonly string[]): boolean {
  const all = searchable(texts.join("\n"));
  return query
    .split(/\s+/u)
    .filter(Boolean)
    .every((word) => all.includes(searchable(word)));
}
