/** The Enter that ends a conversion must not send a form. WebKit reports it after the composition ended. */
export function imeSafe(form: HTMLFormElement): { destroy(): void } {
  let endedAt = 0;
  const ended = () => (endedAt = performance.now());
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    const converting = event.isComposing || event.keyCode === 229 || performance.now() - endedAt < 50;
    if (converting) event.preventDefault();
  };
  form.addEventListener("compositionend", ended);
  form.addEventListener("keydown", pressed);
  return {
    destroy() {
      form.removeEventListener("compositionend", ended);
      form.removeEventListener("keydown", pressed);
    },
  };
}
