// The style sheet of <seat-map>'s shadow tree. Colours come from the page's custom properties.
export const style = `
:host { display: block; position: relative; min-block-size: 320px; overflow: hidden;
  background: var(--paper, Canvas); color: var(--ink, CanvasText);
  border-radius: var(--map-radius, 12px); contain: strict; user-select: none;
  -webkit-user-select: none; }
:host([hidden]) { display: none; }
canvas { display: block; }
.map { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; touch-action: none;
  cursor: grab; outline-offset: -3px; }
.map.over { cursor: pointer; }
.map.boxing { cursor: crosshair; }
.map:active:not(.over) { cursor: grabbing; }
:focus-visible { outline: 3px solid var(--accent, Highlight); }
.controls { position: absolute; inset-block-start: 12px; inset-inline-end: 12px; display: grid;
  gap: 8px; }
button { inline-size: 44px; block-size: 44px; display: grid; place-items: center; padding: 0;
  border: 1px solid var(--line, GrayText); border-radius: 12px; color: inherit; cursor: pointer;
  background: var(--paper, Canvas); box-shadow: 0 1px 4px rgb(0 0 0 / 0.16); }
button:hover { border-color: currentColor; }
button[disabled] { opacity: 0.45; cursor: default; }
button[aria-pressed='true'] { background: var(--accent, Highlight);
  color: var(--accent-ink, HighlightText); border-color: transparent; }
svg { inline-size: 20px; block-size: 20px; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linecap: round; stroke-linejoin: round; }
.minimap { position: absolute; inset-block-end: 12px; inset-inline-end: 12px;
  border: 1px solid var(--line, GrayText); border-radius: 10px; cursor: pointer;
  box-shadow: 0 1px 4px rgb(0 0 0 / 0.16); touch-action: none; }
.minimap[hidden], .where[hidden], .tip[hidden] { display: none; }
.where { position: absolute; inset-block-start: 12px; inset-inline-start: 12px;
  max-inline-size: calc(100% - 96px); padding: 8px 14px; border-radius: 999px;
  border: 1px solid var(--line, GrayText); background: var(--paper, Canvas);
  box-shadow: 0 1px 4px rgb(0 0 0 / 0.16); font: 500 0.875rem/1.3 inherit; font-size: 0.875rem;
  pointer-events: none; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.where strong { font-weight: 700; unicode-bidi: isolate; }
.tip { position: absolute; inset-block-start: 0; left: 0; z-index: 1; max-inline-size: 260px;
  padding: 8px 12px; border-radius: 10px; background: var(--ink, CanvasText);
  color: var(--paper, Canvas); font-size: 0.875rem; line-height: 1.4; pointer-events: none;
  box-shadow: 0 4px 16px rgb(0 0 0 / 0.25); white-space: nowrap; }
.tip b { display: block; font-weight: 700; }
.legend { position: absolute; inset-block-end: 12px; inset-inline-start: 12px; margin: 0;
  padding: 6px 12px; display: flex; flex-wrap: wrap; gap: 4px 14px; list-style: none;
  max-inline-size: calc(100% - 206px); border: 1px solid var(--line, GrayText);
  border-radius: 12px; background: var(--paper, Canvas); font-size: 0.8125rem;
  pointer-events: none; }
.legend li { display: flex; align-items: center; gap: 6px; white-space: nowrap; }
@container (inline-size < 560px) { .legend { display: none; } }
:host { container-type: size; }
.help { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
@media (forced-colors: active) { button, .tip, .where, .legend { border: 1px solid ButtonText; } }
`;
