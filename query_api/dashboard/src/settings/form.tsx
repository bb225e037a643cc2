/** The fields of settings: each shows what is written or else saved, and what is wrong with it. */

import type { ComponentChildren } from "preact";
import { me } from "../shell/account.ts";
import { changes, refused, saved, write, written } from "./draft.ts";
import { FIELDS, type Name, valuesOf, writtenOf } from "./fields.ts";

interface FieldProps {
  name: Name;
  /** What it is about. */
  children?: ComponentChildren;
}

function shown(name: Name) {
  const value = saved.value ? valuesOf(saved.value)[name] : undefined;
  const says = refused.value?.name === name ? refused.value.text : "";
  return {
    value: written.value[name] ?? writtenOf(name, value),
    says,
    attributes: {
      id: `set-${name}`,
      disabled: me.value?.role !== "admin",
      "aria-invalid": says !== "",
      "aria-describedby": `about-${name} says-${name}`,
    },
  };
}

function Around({ name, children }: { name: Name; children: ComponentChildren }) {
  const isChanged = name in changes.value;
  return <div class={isChanged ? "setting changed" : "setting"}>{children}</div>;
}

function About({ name, says, children }: FieldProps & { says: string }) {
  return (
    <>
      <p class="dim" id={`about-${name}`}>
        {children}
      </p>
      <p class="says" id={`says-${name}`} role="alert">
        {says}
      </p>
    </>
  );
}

/** Yes or no. */
export function Switch({ name, children }: FieldProps) {
  const { value, says, attributes } = shown(name);
  return (
    <Around name={name}>
      <label class="switch">
        <input
          type="checkbox"
          checked={value === true}
          onChange={({ currentTarget }) => write(name, currentTarget.checked)}
          {...attributes}
        />
        {FIELDS[name].label}
      </label>
      <About {...{ name, says }}>{children}</About>
    </Around>
  );
}

/** One line; `unit` follows it. */
export function Line({ name, children, unit }: FieldProps & { unit?: string }) {
  const { value, says, attributes } = shown(name);
  const isNumber = FIELDS[name].kind !== "text";
  return (
    <Around name={name}>
      <label for={attributes.id}>{FIELDS[name].label}</label>
      <span class={isNumber ? "line short" : "line"}>
        <input
          type="text"
          inputMode={isNumber ? "decimal" : "text"}
          autocomplete="off"
          maxLength={200}
          value={String(value)}
          onInput={({ currentTarget }) => write(name, currentTarget.value)}
          {...attributes}
        />
        {unit && <span>{unit}</span>}
      </span>
      <About {...{ name, says }}>{children}</About>
    </Around>
  );
}

/** A list, one to a line. */
export function Lines({ name, children }: FieldProps) {
  const { value, says, attributes } = shown(name);
  const text = String(value);
  return (
    <Around name={name}>
      <label for={attributes.id}>{FIELDS[name].label}</label>
      <textarea
        rows={Math.min(10, Math.max(3, text.split("\n").length + 1))}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => write(name, currentTarget.value)}
        {...attributes}
      />
      <About {...{ name, says }}>{children}</About>
    </Around>
  );
}

interface Option {
  value: string;
  label: string;
  about: string;
}

/** One of several. */
export function Choice({ name, options }: { name: Name; options: Option[] }) {
  const { value, says, attributes } = shown(name);
  return (
    <Around name={name}>
      <fieldset class="choice" disabled={attributes.disabled}>
        <legend>{FIELDS[name].label}</legend>
        {options.map((one, number) => (
          <div key={one.value}>
            <label>
              <input
                type="radio"
                name={name}
                id={number === 0 ? attributes.id : undefined}
                aria-describedby={`about-${one.value}`}
                value={one.value}
                checked={value === one.value}
                onChange={() => write(name, one.value)}
              />
              {one.label}
            </label>
            <p class="dim" id={`about-${one.value}`}>
              {one.about}
            </p>
          </div>
        ))}
      </fieldset>
      <p class="says" role="alert">
        {says}
      </p>
    </Around>
  );
}
