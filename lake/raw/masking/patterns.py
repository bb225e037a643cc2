r"""The shapes of secrets and of personal data: one list for the servers and the recorder.

`python -m deploy.secret_patterns` writes `ingest_api/recorder/src/privacy/shapes.ts` from this; a
test fails while that file is stale. What is done with the matches is in `lake.raw.masking.secrets`
and, alike, in `privacy/patterns.ts`.

The patterns are of the dialect that Python and JavaScript share, with ASCII classes: no named
group, no lookbehind (Safari before 16.4), no `\p`. They are applied to normalised text. Group 1 is
what stands before the secret and stays. Each takes linear time: it begins where a run of its
characters begins, or consumes what turns out not to match.
"""

import re
from typing import Final

_LETTER = r"\w\u00aa-\u1fff\u2c00-\ud7ff"
_GAP = "[ ./-]{1,3}"
_CLOCK = r"(?:[01]\d|2[0-3])[0-5]\d"
_PHONE_WORD = (
    r"(?:t[eé]l[a-zé]{0,8}|(?:tele)?(?:fon|phone)s?|mob[a-z]{0,5}|handy|cell|call|fax|whatsapp|sms"
    r"|ruf[a-z]{0,8}|hotline)"
)
# Keys are told by how they begin.
_KEY_BEGIN = (
    r"A[A-Z]{2}A(?=[A-Z\d]{16})|AIza|EAA|ya29\.|1//0|SG\.|hvs\."
    r"|(?:[srp]k|[a-z]{2,6}_(?:live|test)|gh[a-z]|github_pat|npm|hf|do[a-z]_v1|shp[a-z]{2}|whsec"
    r"|dckr_pat|key|pat)_"
    r"|(?:gl[a-z]{1,4}t|xox[a-z]|xapp|pypi|[sp]k|key|pat)-"
)

EMAIL: Final = re.compile(
    rf"(^|[^{_LETTER}.%+'-])((?!(?:git|hg|svn)@)[{_LETTER}.%+'-]+(?:@|%40)(?!\d+(?:x[.-]|\.\d))"
    rf"[{_LETTER}-][{_LETTER}.-]*\.[a-z\u00aa-\u1fff\u2c00-\ud7ff]{{2,}})",
    re.ASCII | re.IGNORECASE,
)
JWT: Final = re.compile(
    r"(^|[^A-Za-z\d])(eyJ[\w-]{8,}(?:\.[\w-]*)+|eyJ[\w+/=-]{24,})",
    re.ASCII,
)
KEY: Final = re.compile(
    rf"(^|[^A-Za-z\d])((?:{_KEY_BEGIN})(?:\w{{0,12}}[.-]){{0,2}}\w{{12,}}[\w.-]*)", re.ASCII
)
PEM: Final = re.compile(
    r"()(-----BEGIN [A-Z ]{0,30}KEY[A-Z ]{0,10}-----[\s\S]*?(?:-----END|$))",
    re.ASCII,
)
# Schemes of `Authorization`.
SCHEME: Final = re.compile(
    r"(\b(?:bearer|basic|digest|negotiate|ntlm|apikey|token)\s+)([\w.+/=~-]{6,})",
    re.ASCII | re.IGNORECASE,
)
# Neither a UUID nor the hash of a file's content.
WORD: Final = re.compile(
    r"(^|[^\w+=-])((?!sha\d+-|[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}(?![\w+=-]))"
    r"[\w+=-]{20,})",
    re.ASCII,
)
# Keys such as Amazon's secret ones contain slashes, as paths do.
SLASHED: Final = re.compile(
    r"(^|[^\w+/.-])([A-Za-z\d+][A-Za-z\d+/]{37,}={0,2})(?![\w.=-])", re.ASCII
)
CARD: Final = re.compile(r"()(\d(?:[\s./_|·•-]{0,3}\d){12,})", re.ASCII)
SSN: Final = re.compile(
    r"(^|[^\d.-]|[a-z][.-])((?!000)\d{3}(?: ?[-./] ?| {1,2})(?!00)\d{2}(?: ?[-./] ?| {1,2})"
    r"(?!0000)\d{4})(?![\d-]|[./]\d)",
    re.ASCII | re.IGNORECASE,
)
NAMED_SSN: Final = re.compile(
    r"((?:^|[^a-z])(?:ssn|itin|social security)[a-z. ]{0,12}[\s:#=-]{0,3})"
    r"(\d(?:[ .-]{0,3}\d){8})(?!\d)",
    re.ASCII | re.IGNORECASE,
)
NAMED_PHONE: Final = re.compile(
    rf"((?:^|[^a-z\d_-]){_PHONE_WORD}[a-z. ]{{0,8}}[\s.:#=-]{{0,3}})"
    r"(\+?\(?\d(?:[\s()./-]{0,3}\d){5,14})(?![\d%])",
    re.ASCII | re.IGNORECASE,
)
PHONE: Final = re.compile(
    rf"(^|[^\w+-])((?!(?:{_CLOCK}[ /-]{{1,3}}){{2}}{_CLOCK}(?!\d))"
    r"(?:\+(?!\d{1,3}\.\d{3,8}(?![\d.]))\(?\d(?:[\s()./-]{0,3}\d){8,14}"
    r"|00[1-9](?:[ ()./-]{0,3}\d){8,12}"
    r"|(?:1[ .-]?)?\((?!(?:19|20)\d\d\))\d{2,5}\)[ .-]{0,2}\d{3}(?:[ ./-]?\d){3,9}"
    rf"|(?:1{_GAP})?[2-9]\d\d{_GAP}\d{{3}}{_GAP}\d{{4}}"
    rf"|0\d(?:{_GAP}\d\d){{4}}|0\d{{1,4}}[ /-]{{1,3}}\d(?:[ -]{{0,3}}\d){{5,8}}"
    r"|0(?:1[567]|4|6|7)\d{7,9}))(?![\w-]|\.\d)",
    re.ASCII,
)

# Names of what a number or a hash is, before it and after it.
HASH_NAME: Final = re.compile(
    r"(?:commit|sha[\d-]{0,4}|git|rev|merge|head|tree|hash|digest|md5|etag)\W{0,4}$",
    re.ASCII | re.IGNORECASE,
)
NUMBER_NAME: Final = re.compile(
    r"(?:^|[^a-z])(?:isbn(?:-1[03])?|ean|gtin|upc|[ps]/n|nr|no|n[°º]|#|(?:art|part|model|sku|item"
    r"|serial|order|bestell|ref|track|sendung)[a-z]{0,12})[ .:#=]{0,3}$|\d{4} $",
    re.ASCII | re.IGNORECASE,
)
AMOUNT_BEFORE: Final = re.compile(r"(?:[€$£¥]|EUR|USD|CHF|GBP) ?$", re.ASCII)
AMOUNT_AFTER: Final = re.compile(
    r"^(?:,\d| ?(?:[€$£¥%°×]|(?:EUR|USD|CHF|GBP|kg|[kcm]m|ml|px|[GM]B)\b))", re.ASCII
)
DATE: Final = re.compile(
    r"(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d|\d[-./ ]\d\d?[-./ ](?:19|20)\d\d", re.ASCII
)
# Issuer and length of a card (ISO/IEC 7812-1; the issuers' published ranges).
ISSUER: Final = re.compile(
    r"^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7]|97)\d{14}|3[47]\d{13}"
    r"|3[0689]\d{12,17}|35\d{14,17}|(?:5[0678]|6|8[12])\d{12,17})$",
    re.ASCII,
)

# Typographic characters: narrow and wide spaces, dashes, invisible ones, wide letters and digits.
TYPOGRAPHIC: Final = re.compile(
    r"[\u00a0\u00ad\u0660-\u0669\u06f0-\u06f9\u2000-\u206f\u2212\u3000\ufe00-\uffef]", re.ASCII
)
INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]", re.ASCII)
DASH: Final = re.compile(r"[\u2010-\u2015\u2212]", re.ASCII)
ARABIC_DIGIT: Final = re.compile(r"[\u0660-\u0669\u06f0-\u06f9]", re.ASCII)
ESCAPE: Final = re.compile(r"(?:%|\\x|\\u00|&#x)([2-7][\da-f]);?", re.ASCII | re.IGNORECASE)
DECIMAL_ESCAPE: Final = re.compile(r"&#(\d{2,3});", re.ASCII)
# A path's step after one of these is a secret, unless it is words.
LINK_NAME: Final = re.compile(
    r"(?:^|[._-])(?:reset|token|invit|magic|verif|share|unsub|confirm|activat|recover|passw|otp"
    r"|accept|join|redeem|claim|sso|o?auth(?!or)|login|sign-?(?:in|up)|session|2fa|opt-?out|rsvp"
    r"|resend|approve|validat)",
    re.ASCII | re.IGNORECASE,
)
PLAIN_STEP: Final = re.compile(r"^(?:[a-z]{1,15}(?:[._-][a-z]{1,15})*)?$", re.ASCII)
