// `<delistening-player>`. Importing this module registers the element in a browser, and does nothing elsewhere.

import { registerElement } from "./element.js";

export { DelisteningPlayer, registerElement } from "./element.js";

registerElement();
