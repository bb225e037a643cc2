/**
 * Note the outcome of forms: submitted, refused by validation, failed, succeeded, or abandoned half
 * filled in. Derived from events and from the browser's list of requests; stores no field's value.
 */

import { guard } from "../guard.ts";
import { read, write } from "../storage.ts";
import type { Recording, Stop } from "../types.ts";
import { nearest, PRIVATE, pathOf } from "./element_path.ts";
import { all, listen, targetOf } from "./listen.ts";

const ANSWER_MS = 10_000; // a request later than that is hardly the submission's
const REFUSAL_MS = 1000; // until validation has marked the fields
// A request sent before, for a token or statistics, may succeed first: a failure soon after counts.
const SETTLE_MS = 1000;
const KEY = "replaylake.form"; // of a form that the browser sends itself: its response is the next page
const LOOK_MS = 1000; // how often to check for forms that were removed
const SUBMITS = "button:not([type=button],[type=reset]),[type=submit],[type=image]";
const BUTTONS = `${SUBMITS},[type=button],[role=button]`;
// Marks of an invalid field: on the field, on an element around it, or as a message.
const MARKS = "[aria-invalid=true],[role=alert],[class*=invalid i],[class*=error i]";
const WRONG = /(?:^|[-_ ])(?:invalid|error)(?=$| |-?(?:message|text|feedback))/i;
const FIELD = "input,select,textarea";
const GROUPS = "form,[role=form]";
const SEARCH = "[type=search],[role=search]"; // searches while the visitor types: never submitted

interface Filled {
  /** Fields that hold what the visitor typed. */
  fields: Set<Element>;
  pathname: string;
  /** Whether it was submitted and, as far as known, not refused: then it is not abandoned. */
  isDone: boolean;
}

interface Attempt {
  form: Element;
  at: number;
  /** The `submit` event, whose `defaultPrevented` later shows whether the page stays. */
  submit?: Event | undefined;
  /** Status of the first request that succeeded. */
  status?: number;
}

/** `ingest` is the URL prefix of the recorder's own requests, which belong to no form. */
export function onForm(recording: Recording, ingest: string): Stop {
  const filled = new Map<Element, Filled>();
  let attempt: Attempt | null = null;
  let watch = 0;

  const note = (form: Element, step: string, status?: number, fields?: number) =>
    recording.note("replaylake.form", {
      id: recording.idOf(form),
      form: pathOf(form),
      step,
      status,
      fields,
    });
  /** Call `fn` after a delay, unless the outcome is known by then. */
  const after = (ms: number, that: Attempt, fn: () => void) =>
    setTimeout(
      guard(() => attempt === that && fn()),
      ms,
    );

  const begin = (form: Element, submit?: Event) => {
    const at = performance.now(); // a busy page receives events long after their timestamps
    // The click, the Enter and the `submit` that it causes are one attempt.
    if (attempt?.form === form && !attempt.submit && at - attempt.at < REFUSAL_MS) {
      attempt.submit = submit;
      return;
    }
    const that: Attempt = { form, at, submit };
    attempt = that;
    after(REFUSAL_MS, that, () => {
      if (!that.status && !isSentByBrowser(that) && isMarked(form)) finish("invalid");
    });
    const left = filled.get(form);
    if (left) left.isDone = true;
  };

  const finish = (step: string, status?: number) => {
    if (!attempt) return;
    const { form } = attempt;
    attempt = null;
    const left = filled.get(form);
    if (step === "succeeded") filled.delete(form);
    else if (left) left.isDone = false;
    note(form, step, status);
  };

  const look = guard((isLeaving: boolean) => {
    for (const [form, { fields, pathname, isDone }] of [...filled]) {
      if (!isLeaving && form.isConnected && pathname === location.pathname) continue;
      filled.delete(form);
      if (!isDone && fields.size) note(form, "abandoned", undefined, fields.size);
    }
    if (filled.size) return;
    clearInterval(watch);
    watch = 0;
  });

  const answered = guard((entry: PerformanceEntry) => {
    const { initiatorType, name, startTime, responseStatus } = entry as PerformanceResourceTiming;
    if (!attempt || !responseStatus || (ingest && name.startsWith(ingest))) return;
    if (!/^(fetch|xmlh)/.test(initiatorType)) return;
    if (startTime < attempt.at || startTime - attempt.at > ANSWER_MS) return;
    if (isSentByBrowser(attempt)) return;
    if (responseStatus >= 400) return finish("failed", responseStatus);
    if (!attempt.status) after(SETTLE_MS, attempt, () => finish("succeeded", responseStatus));
    attempt.status ??= responseStatus;
  });
  const sent = read(KEY);
  const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  write(KEY, null);
  const status = page?.responseStatus ?? 0;
  if (sent && status >= 400) {
    // After the page view is noted.
    const tell = guard(() =>
      recording.note("replaylake.form", { form: sent, step: "failed", status }),
    );
    setTimeout(tell);
  }

  const observer = new PerformanceObserver((list) => list.getEntries().forEach(answered));
  observer.observe({ type: "resource" });

  return all([
    listen<InputEvent>("input", (event) => {
      const field = targetOf(event) as HTMLInputElement;
      const form = formOf(field);
      // Selected values, unlike typed ones, have no inputType.
      if (!event.isTrusted || !event.inputType || !form || nearest(field, SEARCH)) return;
      const left = filled.get(form) ?? {
        fields: new Set(),
        pathname: location.pathname,
        isDone: false,
      };
      filled.set(form, left);
      left.isDone = false;
      if (field.value ?? field.textContent) left.fields.add(field);
      else left.fields.delete(field);
      watch ||= window.setInterval(look, LOOK_MS, false);
    }),
    listen("reset", (event) => void filled.delete(targetOf(event))),
    listen<KeyboardEvent>("click keydown", (event) => {
      const target = targetOf(event);
      const isKey = event.type === "keydown";
      if (!event.isTrusted || (isKey && (event.key !== "Enter" || target.localName !== "input")))
        return;
      // Where there is a submit button the browser presses it at Enter, and other ones do not send.
      const button = isKey ? target : nearest(target, BUTTONS);
      const form = button && formOf(button);
      if (form && (button.matches(SUBMITS) || !form.querySelector(SUBMITS))) begin(form);
    }),
    listen("submit", (event) => {
      const form = targetOf(event);
      begin(form, event);
      note(form, "submit");
    }),
    listen("invalid", (event) => {
      // Pages ask for validity at each key as well; that refuses nothing. One field is enough.
      const form = formOf(targetOf(event));
      if (attempt && attempt.form === form && performance.now() - attempt.at < REFUSAL_MS)
        finish("invalid");
    }),
    listen("pagehide", () => {
      if (attempt && isSentByBrowser(attempt)) {
        const { form } = attempt;
        write(KEY, nearest(form, PRIVATE) ? form.localName : pathOf(form));
      }
      if (attempt?.status) finish("succeeded", attempt.status);
      look(true);
    }),
    () => {
      observer.disconnect();
      attempt = null;
      clearInterval(watch);
      filled.clear();
    },
  ]);
}

/** Whether the browser sends the form itself, so that its response is the next page. */
function isSentByBrowser({ submit }: Attempt): boolean {
  return submit?.defaultPrevented === false;
}

/** Whether a form shows a visible mark or message that a field is invalid. */
function isMarked(form: Element): boolean {
  return [...form.querySelectorAll(MARKS)].some((one) => {
    const says = one.matches(FIELD) || one.querySelector(FIELD) || one.textContent?.trim();
    const isMark = one.matches("[aria-invalid],[role=alert]") || WRONG.test(one.className);
    return isMark && !!says && one.getClientRects().length > 0;
  });
}

/** Return the form of a control, or the element that serves as one. */
function formOf(control: Element): Element | null {
  return (control as HTMLInputElement).form ?? nearest(control, GROUPS);
}
