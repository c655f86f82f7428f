// The account, a forgotten password, and the page where a link leads.

import { sendForms } from "./forms.js";

sendForms();
