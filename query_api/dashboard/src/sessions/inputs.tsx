/** Fields of the filters, which say what was written once it is meant: by Enter or by leaving. */

import { useId } from "preact/hooks";

interface Field {
  label: string;
  value: string | null | undefined;
  onSet: (value: string) => void;
}

/** A field that says its label itself; with `known`, one that adds to what is chosen. */
export function Text({
  label,
  value,
  onSet,
  id,
  known,
}: Field & { id?: string; known?: string[] }) {
  const list = useId();
  return (
    <>
      <input
        id={id}
        type="search"
        placeholder={label}
        aria-label={label}
        value={value ?? ""}
        list={known?.length ? list : undefined}
        maxLength={2000}
        onChange={({ currentTarget }) => {
          onSet(currentTarget.value.trim());
          if (known) currentTarget.value = "";
        }}
        onKeyDown={({ key, currentTarget }) => key === "Escape" && currentTarget.blur()}
      />
      {known && known.length > 0 && (
        <datalist id={list}>
          {known.map((one) => (
            <option value={one} key={one} />
          ))}
        </datalist>
      )}
    </>
  );
}

/** A field with its label beside it. */
export function Once({
  label,
  value,
  onSet,
  type = "text",
}: Field & { type?: "text" | "number" | "date" }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        // The checker wants to know which one; all three take what is below.
        {...({ type } as { type: "text" })}
        inputMode={type === "number" ? "decimal" : undefined}
        value={value ?? ""}
        maxLength={200}
        onChange={({ currentTarget }) => onSet(currentTarget.value.trim())}
      />
    </label>
  );
}
