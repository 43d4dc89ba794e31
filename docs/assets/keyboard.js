// Puts every block of code that scrolls sideways in reach of the keyboard, also after a page was changed or the window was resized.
(() => {
  const reach = () => {
    for (const block of document.querySelectorAll("pre > code, pre, .md-typeset__table, .md-typeset__scrollwrap")) {
      const scrolls = block.scrollWidth > block.clientWidth && getComputedStyle(block).overflowX !== "visible";
      if (scrolls) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    }
  };
  reach();
  addEventListener("resize", reach);
  if (window.document$) window.document$.subscribe(reach);
})();
