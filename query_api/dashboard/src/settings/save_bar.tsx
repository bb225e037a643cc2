/** What is not saved yet, in sight whatever part is shown, and what became of saving it. */

import { linkTo } from "../shell/account.ts";
import { go } from "../shell/route.ts";
import { changes, discard, isSaving, refused, save, wasSaved } from "./draft.ts";
import { FIELDS, type Name, pathOf } from "./fields.ts";

/** Save all that is not saved; what is refused is shown where it stands. */
export async function saveAndShow(): Promise<void> {
  await save();
  const name = refused.value?.name;
  if (!name) return;
  const path = linkTo(pathOf(FIELDS[name].part));
  if (path !== location.pathname + location.search) go(path);
}

export function SaveBar() {
  const names = Object.keys(changes.value) as Name[];
  const isUnsaved = names.length > 0;
  if (!isUnsaved && !wasSaved.value) return null;
  return (
    <div class={isUnsaved ? "save-bar" : "save-bar done"}>
      <p role="status">
        {isUnsaved ? (
          <>
            <strong>Not saved:</strong> {names.map((name) => FIELDS[name].label).join(", ")}
          </>
        ) : (
          "Saved. Recorders follow within some seconds."
        )}
      </p>
      {isUnsaved && (
        <>
          <button type="button" onClick={discard}>
            Discard
          </button>
          <button type="submit" form="settings" class="main" disabled={isSaving.value}>
            Save
          </button>
        </>
      )}
      {isUnsaved && refused.value && (
        <p class="says" role="alert">
          {refused.value.name
            ? `${FIELDS[refused.value.name].label}: not accepted, nothing was saved.`
            : refused.value.text}
        </p>
      )}
    </div>
  );
}
