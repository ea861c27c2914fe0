/** Loaded before the examples of the docstrings run: there `console.assert` fails the example instead of printing. */
console.assert = (condition?: boolean, ...said: unknown[]): void => {
  if (!condition) throw new Error(["Example does not hold", ...said].join(" "));
};
