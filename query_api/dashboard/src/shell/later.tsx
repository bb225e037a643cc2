/** Pages that are loaded once somebody opens one: the lists need no replayer and no charts. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Return a component that loads a module and shows the one that `choose` takes of it. */
export function later<Module, Props extends object>(
  load: () => Promise<Module>,
  choose: (module: Module) => ComponentType<Props>,
): ComponentType<Props> {
  return (props: Props) => {
    const [module, setModule] = useState<Module | null>(null);
    useEffect(() => {
      load().then(setModule);
    }, []);
    const Loaded = module && choose(module);
    return Loaded ? <Loaded {...props} /> : <main id="main" class="loading" aria-busy="true" />;
  };
}
