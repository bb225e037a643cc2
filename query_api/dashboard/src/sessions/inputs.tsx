/** Fields of the filters, which say what was written once it is meant: by Enter or by leaving. */

import { useId, useLayoutEffect, useRef } from "preact/hooks";

type Kind = "text" | "number" | "date";

interface Field {
  label: string;
  value: string | null | undefined;
  onSet: (value: string) => void;
}

/** A field that shows what was set, and leaves alone what is being written while the list renews. */
function useShown(value: Field["value"]) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (field.current) field.current.value = value ?? "";
  }, [value]);
  return field;
}

/** A field that says its label itself. */
export function Text({ label, value, onSet, id }: Field & { id: string }) {
  return (
    <input
      id={id}
      ref={useShown(value)}
      type="search"
      placeholder={label}
      aria-label={label}
      maxLength={2000}
      onChange={({ currentTarget }) => onSet(currentTarget.value.trim())}
      onKeyDown={({ key, currentTarget }) => key === "Escape" && currentTarget.blur()}
    />
  );
}

/** A field with its label beside it. */
export function Once({ label, value, onSet, type = "text" }: Field & { type?: Kind }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        // The checker wants to know which one; all take what is below.
        {...({ type } as { type: "text" })}
        ref={useShown(value)}
        inputMode={type === "number" ? "decimal" : undefined}
        maxLength={200}
        onChange={({ currentTarget }) => onSet(currentTarget.value.trim())}
      />
    </label>
  );
}

/** A field that adds to what is chosen, and is empty again; `known` may be chosen by hand. */
export function Adding({ label, onSet, known }: Omit<Field, "value"> & { known: string[] }) {
  const list = useId();
  return (
    <label class="field">
      <span>{label}</span>
      <input
        list={list}
        maxLength={200}
        onChange={({ currentTarget }) => {
          onSet(currentTarget.value.trim());
          currentTarget.value = "";
        }}
      />
      <datalist id={list}>
        {known.map((one) => (
          <option value={one} key={one} />
        ))}
      </datalist>
    </label>
  );
}
