/** Generated from lake/raw/masking/patterns.py by `python -m deploy.secret_patterns`. */

export const EMAIL = /(^|[^\w\u00aa-\u1fff\u2c00-\ud7ff.%+'-])((?!(?:git|hg|svn)@)[\w\u00aa-\u1fff\u2c00-\ud7ff.%+'-]+(?:@|%40)(?!\d+(?:x[.-]|\.\d))[\w\u00aa-\u1fff\u2c00-\ud7ff-][\w\u00aa-\u1fff\u2c00-\ud7ff.-]*\.[a-z\u00aa-\u1fff\u2c00-\ud7ff]{2,})/gi;
export const JWT = /(^|[^A-Za-z\d])(eyJ[\w-]{8,}(?:\.[\w-]*)+|eyJ[\w+\/=-]{24,})/g;
export const KEY = /(^|[^A-Za-z\d])((?:A[A-Z]{2}A(?=[A-Z\d]{16})|AIza|EAA|ya29\.|1\/\/0|SG\.|hvs\.|(?:[srp]k|[a-z]{2,6}_(?:live|test)|gh[a-z]|github_pat|npm|hf|do[a-z]_v1|shp[a-z]{2}|whsec|dckr_pat|key|pat)_|(?:gl[a-z]{1,4}t|xox[a-z]|xapp|pypi|[sp]k|key|pat)-)(?:\w{0,12}[.-]){0,2}\w{12,}[\w.-]*)/g;
export const PEM = /()(-----BEGIN [A-Z ]{0,30}KEY[A-Z ]{0,10}-----[\s\S]*?(?:-----END|$))/g;
export const SCHEME = /(\b(?:bearer|basic|digest|negotiate|ntlm|apikey|token)\s+)([\w.+\/=~-]{6,})/gi;
export const WORD = /(^|[^\w+=-])((?!sha\d+-|[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}(?![\w+=-]))[\w+=-]{20,})/g;
export const SLASHED = /(^|[^\w+\/.-])([A-Za-z\d+][A-Za-z\d+\/]{37,}={0,2})(?![\w.=-])/g;
export const CARD = /()(\d(?:[\s.\/_|·•-]{0,3}\d){12,})/g;
export const SSN = /(^|[^\d.-]|[a-z][.-])((?!000)\d{3}(?: ?[-.\/] ?| {1,2})(?!00)\d{2}(?: ?[-.\/] ?| {1,2})(?!0000)\d{4})(?![\d-]|[.\/]\d)/gi;
export const NAMED_SSN = /((?:^|[^a-z])(?:ssn|itin|social security)[a-z. ]{0,12}[\s:#=-]{0,3})(\d(?:[ .-]{0,3}\d){8})(?!\d)/gi;
export const NAMED_PHONE = /((?:^|[^a-z\d_-])(?:t[eé]l[a-zé]{0,8}|(?:tele)?(?:fon|phone)s?|mob[a-z]{0,5}|handy|cell|call|fax|whatsapp|sms|ruf[a-z]{0,8}|hotline)[a-z. ]{0,8}[\s.:#=-]{0,3})(\+?\(?\d(?:[\s().\/-]{0,3}\d){5,14})(?![\d%])/gi;
export const PHONE = /(^|[^\w+-])((?!(?:(?:[01]\d|2[0-3])[0-5]\d[ \/-]{1,3}){2}(?:[01]\d|2[0-3])[0-5]\d(?!\d))(?:\+(?!\d{1,3}\.\d{3,8}(?![\d.]))\(?\d(?:[\s().\/-]{0,3}\d){8,14}|00[1-9](?:[ ().\/-]{0,3}\d){8,12}|(?:1[ .-]?)?\((?!(?:19|20)\d\d\))\d{2,5}\)[ .-]{0,2}\d{3}(?:[ .\/-]?\d){3,9}|(?:1[ .\/-]{1,3})?[2-9]\d\d[ .\/-]{1,3}\d{3}[ .\/-]{1,3}\d{4}|0\d(?:[ .\/-]{1,3}\d\d){4}|0\d{1,4}[ \/-]{1,3}\d(?:[ -]{0,3}\d){5,8}|0(?:1[567]|4|6|7)\d{7,9}))(?![\w-]|\.\d)/g;
export const HASH_NAME = /(?:commit|sha[\d-]{0,4}|git|rev|merge|head|tree|hash|digest|md5|etag)\W{0,4}$/i;
export const NUMBER_NAME = /(?:^|[^a-z])(?:isbn(?:-1[03])?|ean|gtin|upc|[ps]\/n|nr|no|n[°º]|#|(?:art|part|model|sku|item|serial|order|bestell|ref|track|sendung)[a-z]{0,12})[ .:#=]{0,3}$|\d{4} $/i;
export const AMOUNT_BEFORE = /(?:[€$£¥]|EUR|USD|CHF|GBP) ?$/;
export const AMOUNT_AFTER = /^(?:,\d| ?(?:[€$£¥%°×]|(?:EUR|USD|CHF|GBP|kg|[kcm]m|ml|px|[GM]B)\b))/;
export const DATE = /(?:19|20)\d\d[-.\/ ]\d\d?[-.\/ ]\d|\d[-.\/ ]\d\d?[-.\/ ](?:19|20)\d\d/;
export const ISSUER = /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7]|97)\d{14}|3[47]\d{13}|3[0689]\d{12,17}|35\d{14,17}|(?:5[0678]|6|8[12])\d{12,17})$/;
export const TYPOGRAPHIC = /[\u00a0\u00ad\u0660-\u0669\u06f0-\u06f9\u2000-\u206f\u2212\u3000\ufe00-\uffef]/;
export const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;
export const DASH = /[\u2010-\u2015\u2212]/g;
export const ARABIC_DIGIT = /[\u0660-\u0669\u06f0-\u06f9]/g;
export const ESCAPE = /(?:%|\\x|\\u00|&#x)([2-7][\da-f]);?/gi;
export const DECIMAL_ESCAPE = /&#(\d{2,3});/g;
export const LINK_NAME = /(?:^|[._-])(?:reset|token|invit|magic|verif|share|unsub|confirm|activat|recover|passw|otp|accept|join|redeem|claim|sso|o?auth(?!or)|login|sign-?(?:in|up)|session|2fa|opt-?out|rsvp|resend|approve|validat)/i;
export const PLAIN_STEP = /^(?:[a-z]{1,15}(?:[._-][a-z]{1,15})*)?$/;
