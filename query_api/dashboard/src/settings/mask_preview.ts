/** What a page's texts look like in each mode of `mask_text`; a test compares it with the recorder. */

export const MASK_MODES = [
  {
    value: "patterns",
    label: "Patterns",
    about: "What looks private in any text: cards, phones, e-mail addresses, tokens.",
  },
  {
    value: "numbers",
    label: "Numbers",
    about: "All numbers and e-mail addresses, too: prices, dates, orders.",
  },
  {
    value: "all",
    label: "All texts",
    about: "Every word. The layout stays; neither words nor their lengths are recorded.",
  },
] as const;

export type MaskMode = (typeof MASK_MODES)[number]["value"];

export const PREVIEW: Record<MaskMode, string>[] = [
  { patterns: "Hello, Anna Miller", numbers: "Hello, Anna Miller", all: "***** ***** *****" },
  { patterns: "Total: €1,249.00", numbers: "Total: €***", all: "***** *****" },
  {
    patterns: "Order 48213 of 12 May",
    numbers: "Order *** of *** May",
    all: "***** ***** ***** ***** *****",
  },
  { patterns: "Card ***", numbers: "Card ***", all: "***** *****" },
  { patterns: "Write to ***", numbers: "Write to ***", all: "***** ***** *****" },
];
