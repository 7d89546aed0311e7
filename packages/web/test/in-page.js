// Runs inside the tested page, where the test's own types do not reach.
globalThis.inPage = {
  /** What axe-core finds, one line per element. */
  async violations() {
    const { violations } = await globalThis.axe.run(document);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
    );
  },

  /** How many pixels the page is wider than the window. */
  sideways: () => document.documentElement.scrollWidth - innerWidth,

  focused: (what) => document.activeElement?.[what] ?? null,

  /** Numbers everything the keyboard should reach, and answers with it. */
  numberFocusable() {
    const all = [
      ...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]'),
    ];
    // One radio button of a group takes the focus; arrows move within.
    const isOtherRadio = (element) => element.type === 'radio' && !element.checked;
    const reachable = all.filter(
      (one) => one.checkVisibility() && one.type !== 'hidden' && !isOtherRadio(one),
    );
    reachable.forEach((element, index) => {
      element.dataset.nth = String(index);
    });
    document.activeElement?.blur();
    return reachable.map((element) => element.outerHTML.slice(0, 80));
  },

  focusedNumber: () => document.activeElement?.dataset.nth ?? null,

  cleanAll(sanitize, htmls) {
    return htmls.map((html) => {
      const box = document.createElement('div');
      box.append(sanitize(html));
      return box.innerHTML;
    });
  },

  property: (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim(),
};
