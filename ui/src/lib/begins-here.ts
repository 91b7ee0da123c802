/**
 * The field at which a screen begins takes the focus, unless something else has it already. The attribute `autofocus`
 * would wait for the first drawing in WebKit and then take the focus out of another field in which somebody types.
 */
export function beginsHere(node: HTMLElement, wanted: boolean): void {
  if (!wanted) return;
  queueMicrotask(() => {
    if (document.activeElement === document.body) node.focus();
  });
}
